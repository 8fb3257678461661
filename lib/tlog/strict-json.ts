import { assertAtMost, decodeUtf8 } from './bytes.ts';
import { MAX_JSON_DEPTH } from './canonical-json.ts';
import { TlogError } from './errors.ts';

export type JsonValue = null | boolean | number | string | JsonValue[] | { [name: string]: JsonValue };

export type JsonLimits = { max_bytes?: number; max_depth?: number };

const DEFAULT_MAX_BYTES = 1024 * 1024;

type Reader = { text: string; at: number; max_depth: number };

const WHITE_SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const LITERAL = /true|false|null/y;

/**
 * Reads JSON that has one meaning only (RFC 8259 narrowed by RFC 7493, I-JSON): refuses two members of one name in an
 * object, invalid UTF-8 and byte order marks, lone surrogates, integers that a double cannot hold exactly, numbers
 * that overflow, and nesting beyond `max_depth`. Throws `json_malformed`, `json_duplicate_member`, `json_too_deep`,
 * `json_number_unsafe`, `utf8_invalid` or `too_large`.
 */
export function parseStrictJson(bytes: Uint8Array, limits: JsonLimits = {}): JsonValue {
  assertAtMost(bytes, limits.max_bytes ?? DEFAULT_MAX_BYTES);
  const reader: Reader = { text: decodeUtf8(bytes), at: 0, max_depth: limits.max_depth ?? MAX_JSON_DEPTH };
  const value = readValue(reader, 0);
  skip(reader);
  if (reader.at !== reader.text.length) throw malformed(reader);
  return value;
}

function readValue(reader: Reader, depth: number): JsonValue {
  if (depth > reader.max_depth) throw new TlogError('json_too_deep', `at ${reader.at}`);
  skip(reader);
  switch (reader.text[reader.at]) {
    case '{':
      return readObject(reader, depth);
    case '[':
      return readArray(reader, depth);
    case '"':
      return readString(reader);
    case 't':
    case 'f':
    case 'n':
      return JSON.parse(take(reader, LITERAL)) as boolean | null;
    default:
      return readNumber(reader);
  }
}

function readObject(reader: Reader, depth: number): { [name: string]: JsonValue } {
  const members: { [name: string]: JsonValue } = {};
  readItems(reader, '}', () => {
    skip(reader);
    const name = readString(reader);
    if (Object.hasOwn(members, name))
      throw new TlogError('json_duplicate_member', JSON.stringify(name.slice(0, 100).toWellFormed()));
    if (!takeSign(reader, ':')) throw malformed(reader);
    const value = readValue(reader, depth + 1);
    // Assignment to __proto__ would set the prototype instead of a member.
    Object.defineProperty(members, name, { value, enumerable: true, configurable: true, writable: true });
  });
  return members;
}

function readArray(reader: Reader, depth: number): JsonValue[] {
  const items: JsonValue[] = [];
  readItems(reader, ']', () => items.push(readValue(reader, depth + 1)));
  return items;
}

function readItems(reader: Reader, end: string, readItem: () => void): void {
  reader.at += 1;
  if (takeSign(reader, end)) return;
  do readItem();
  while (takeSign(reader, ','));
  if (!takeSign(reader, end)) throw malformed(reader);
}

/** Finds the closing quote by hand, then leaves escapes and control characters to ECMAScript's own reader. */
function readString(reader: Reader): string {
  const start = reader.at;
  if (reader.text[start] !== '"') throw malformed(reader);
  let end = start + 1;
  while (end < reader.text.length && reader.text[end] !== '"') end += reader.text[end] === '\\' ? 2 : 1;
  reader.at = end + 1;
  const text = unquote(reader, reader.text.slice(start, end + 1));
  if (!text.isWellFormed()) throw new TlogError('json_malformed', `lone surrogate before ${reader.at}`);
  return text;
}

function unquote(reader: Reader, quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    throw malformed(reader);
  }
}

function readNumber(reader: Reader): number {
  const literal = take(reader, NUMBER);
  const value = Number(literal);
  const is_integer = /^-?[0-9]+$/.test(literal);
  if (!Number.isFinite(value) || (is_integer && !Number.isSafeInteger(value))) {
    throw new TlogError('json_number_unsafe', literal.slice(0, 40));
  }
  return value;
}

function take(reader: Reader, pattern: RegExp): string {
  pattern.lastIndex = reader.at;
  const match = pattern.exec(reader.text);
  if (match === null) throw malformed(reader);
  reader.at = pattern.lastIndex;
  return match[0];
}

function takeSign(reader: Reader, sign: string): boolean {
  skip(reader);
  if (reader.text[reader.at] !== sign) return false;
  reader.at += 1;
  return true;
}

function skip(reader: Reader): void {
  WHITE_SPACE.lastIndex = reader.at;
  WHITE_SPACE.exec(reader.text);
  reader.at = WHITE_SPACE.lastIndex;
}

function malformed({ at }: Reader): TlogError {
  return new TlogError('json_malformed', `at ${at}`);
}
