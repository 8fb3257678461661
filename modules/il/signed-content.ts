import { invalidField } from '@zdravo/kit/problem';
import { MAX_JSON_DEPTH, parseStrictJson, TlogError } from '@zdravo/tlog';

/**
 * The JSON object that was signed. It must read the same to everybody who will ever read it, and be storable.
 * @param entry JSON path of the body's member, for the error.
 * @throws Problem 422.
 */
export function readSigned(bytes: Uint8Array, entry: string): Record<string, unknown> {
  const { text, object } = readObject(bytes, entry);
  if (!isPlain(text, object)) refuseAmbiguous(text, entry);
  return object;
}

/** The same of what was received earlier: it is not judged again. @throws Problem 422 when it is no JSON object. */
export function readStored(bytes: Uint8Array, entry: string): Record<string, unknown> {
  return readObject(bytes, entry).object;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Some clients sign a JSON text inside a JSON string (domain.md §3.1 step 1): the error says so. */
function readObject(bytes: Uint8Array, entry: string): { text: string; object: Record<string, unknown> } {
  let text: string;
  let object: unknown;
  try {
    text = utf8.decode(bytes);
    object = JSON.parse(text);
  } catch {
    throw invalidField(entry, 'Signed content is not valid JSON in UTF-8', 'invalid');
  }
  if (object === null || typeof object !== 'object' || Array.isArray(object))
    throw invalidField(entry, 'Signed content must be a JSON object', 'cast', ['object']);
  return { text, object: object as Record<string, unknown> };
}

/** Whatever is escaped may be anything. */
const may_be_unstorable = /\\u|__proto__/;
const brackets = /[[{]/g;

/** Most contents are seen to be harmless by this, and the strict reader takes four times as long. */
function isPlain(text: string, object: Record<string, unknown>): boolean {
  if (may_be_unstorable.test(text) || (text.match(brackets)?.length ?? 0) > MAX_JSON_DEPTH) return false;
  // A member given twice would be written once.
  return JSON.stringify(object) === text;
}

const unstorable = 'Signed content holds a character that cannot be stored';
const ambiguities: Record<string, string> = {
  json_duplicate_member: 'Signed content holds a member twice',
  json_too_deep: 'Signed content nests too deeply',
  json_number_unsafe: 'Signed content holds a number that programs read differently',
};

/** A member given twice has two meanings (RFC 7493); PostgreSQL stores no NUL and no lone surrogate. */
function refuseAmbiguous(text: string, entry: string): void {
  const bytes = Buffer.from(text);
  try {
    const object = parseStrictJson(bytes, { max_bytes: bytes.length });
    if (/\\u0000|"__proto__":/.test(JSON.stringify(object))) throw invalidField(entry, unstorable, 'invalid');
  } catch (error) {
    if (!(error instanceof TlogError)) throw error;
    throw invalidField(entry, ambiguities[error.code] ?? unstorable, 'invalid');
  }
}
