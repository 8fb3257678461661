import { encodeUtf8 } from './bytes.ts';
import { TlogError } from './errors.ts';

/** Deeper values are refused, cycles with them. */
export const MAX_JSON_DEPTH = 64;

/**
 * The canonical bytes of a JSON value (RFC 8785, JCS). Refuses, instead of guessing, all that JSON cannot say: NaN,
 * infinities, undefined, functions, symbols, bigints, lone surrogates, holes, and objects that are not plain (dates,
 * maps, classes). Throws `json_not_encodable` with the path, or `json_too_deep`.
 */
export function canonicalJson(value: unknown): Uint8Array {
  return encodeUtf8(canonicalText(value, '', 0));
}

function canonicalText(value: unknown, path: string, depth: number): string {
  if (depth > MAX_JSON_DEPTH) throw new TlogError('json_too_deep', `${MAX_JSON_DEPTH} levels are allowed`);
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return stringText(value, path);
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return arrayText(value, path, depth);
  if (isPlainObject(value)) return objectText(value, path, depth);
  throw notEncodable(path);
}

/** Printable ASCII without quotation mark and backslash: it stands as it is. Most texts are of it, and this test is the quicker. */
const plain_text = /^[ !#-[\]-~]*$/;

/** ECMAScript's own escapes are those of RFC 8785 §3.2.2.2, as long as the text has no lone surrogate. */
function stringText(text: string, path: string): string {
  if (plain_text.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw notEncodable(path);
  return JSON.stringify(text);
}

function arrayText(items: unknown[], path: string, depth: number): string {
  const has_more_than_items =
    Object.keys(items).length !== items.length || Object.getOwnPropertySymbols(items).length > 0;
  if (has_more_than_items || Object.getPrototypeOf(items) !== Array.prototype) throw notEncodable(path);
  return `[${Array.from(items, (item, at) => canonicalText(item, `${path}/${at}`, depth + 1)).join(',')}]`;
}

/** Members in the order of their UTF-16 code units (RFC 8785 §3.2.3), which is how ECMAScript sorts text. */
function objectText(members: Record<string, unknown>, path: string, depth: number): string {
  if (Object.getOwnPropertySymbols(members).length > 0) throw notEncodable(path);
  const texts = Object.keys(members)
    .sort()
    .map((name) => {
      const member_path = `${path}/${name}`;
      return `${stringText(name, member_path)}:${canonicalText(members[name], member_path, depth + 1)}`;
    });
  return `{${texts.join(',')}}`;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function notEncodable(path: string): TlogError {
  return new TlogError('json_not_encodable', path === '' ? 'the value itself' : path.slice(0, 200).toWellFormed());
}
