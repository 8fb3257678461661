import type { FastifyRequest } from 'fastify';
import { malformed } from '../problem/index.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });
/** An escape may stand for anything: a NUL, half a character, a letter of a name that is not allowed. */
const may_be_unstorable = /\\u|__proto__|"constructor"/;
const deepest = 64;

/** Parses a JSON body strictly: UTF-8, no NUL, no lone surrogate, no prototype poisoning. An empty body means none. */
export function parseJsonBody(
  _request: FastifyRequest,
  body: string | Buffer,
  done: (error: Error | null, value?: unknown) => void,
): void {
  try {
    done(null, body.length === 0 ? undefined : parseJson(decode(body as Buffer)));
  } catch (error) {
    done(error as Error);
  }
}

/** A JSON text read as strictly as a body. @throws Problem 400 */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed('The body is not valid JSON.', 'json_malformed');
  }
  if (nestsDeeply(text)) refuseDeep(value, 0);
  if (may_be_unstorable.test(text)) refuseUnstorable(value);
  return value;
}

function decode(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch {
    throw malformed('The body is not valid UTF-8.', 'utf8_malformed');
  }
}

/** A cheap bound: a text with few brackets cannot nest deeply. */
function nestsDeeply(text: string): boolean {
  return countUpTo(deepest + 1, '{', text) + countUpTo(deepest + 1, '[', text) > deepest;
}

/** From one to the next: that passes over a long string faster than a look at each character. */
function countUpTo(most: number, bracket: string, text: string): number {
  let count = 0;
  for (let at = text.indexOf(bracket); at !== -1 && count < most; at = text.indexOf(bracket, at + 1)) count += 1;
  return count;
}

function refuseDeep(value: unknown, depth: number): void {
  if (value === null || typeof value !== 'object') return;
  if (depth > deepest) throw malformed('The body nests too deeply.', 'json_too_deep');
  for (const member of Object.values(value)) refuseDeep(member, depth + 1);
}

/** Whether a text may be stored and may be a member's name. */
export function isStorable(text: string): boolean {
  return hasStorableCharacters(text) && text !== '__proto__' && text !== 'constructor';
}

function hasStorableCharacters(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed();
}

function refuseUnstorable(value: unknown): void {
  if (typeof value === 'string') {
    if (!hasStorableCharacters(value))
      throw malformed('The body holds a character that cannot be stored.', 'character_not_allowed');
    return;
  }
  if (value === null || typeof value !== 'object') return;
  for (const [key, member] of Object.entries(value)) {
    if (key === '__proto__' || key === 'constructor')
      throw malformed('The body holds a member name that is not allowed.', 'member_not_allowed');
    refuseUnstorable(key);
    refuseUnstorable(member);
  }
}
