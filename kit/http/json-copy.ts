/**
 * Copies a value as writing it in JSON and reading it again would, in a fraction of the time. Undefined for a value of which JSON
 * would make something else (a date, NaN, a hole in a list, what has a class): that is then for JSON to say.
 */
export type Copy = (value: unknown) => unknown;

/** What a copy may hold. */
export type Terms = {
  takesText(text: string): boolean;
  /** As JSON, counted generously. */
  bytes_left: number;
};

/** Any value, as far as the terms allow. */
export function copyOnTerms(value: unknown, terms: Terms, depth = 0): unknown {
  terms.bytes_left -= most_bytes_of_a_scalar;
  if (terms.bytes_left < 0 || depth > deepest) return undefined;
  switch (typeof value) {
    case 'string':
      return takes(value, terms) ? value : undefined;
    case 'boolean':
      return value;
    case 'number':
      return copyOfNumber(value);
    case 'object':
      if (value === null) return null;
      return Array.isArray(value) ? copyList(value, terms, depth) : copyObject(value, terms, depth);
    default:
      return undefined;
  }
}

/** Any value of any size. */
export const copyOfAny: Copy = (value) => copyOnTerms(value, everything);

/** JSON has neither infinities nor a zero with a sign. */
export const copyOfNumber: Copy = (value) => {
  if (value === 0) return 0;
  return Number.isFinite(value) ? value : undefined;
};

/** Whether this is an object as JSON makes them: no list, and nothing that would speak for itself. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (value === null || typeof value !== 'object') return false;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return (value as { toJSON?: unknown }).toJSON === undefined;
}

const everything: Terms = { takesText: () => true, bytes_left: Number.POSITIVE_INFINITY };
/** Deeper ones are for JSON, too: they may have no end. */
const deepest = 60;
const most_bytes_of_a_scalar = 28;
/** `\u0000` for one. */
const most_bytes_of_a_character = 6;

function takes(text: string, terms: Terms): boolean {
  terms.bytes_left -= most_bytes_of_a_character * text.length;
  return terms.bytes_left >= 0 && terms.takesText(text);
}

function copyList(list: readonly unknown[], terms: Terms, depth: number): unknown {
  const copy: unknown[] = [];
  for (const item of list) {
    const copied = copyOnTerms(item, terms, depth + 1);
    if (copied === undefined) return undefined;
    copy.push(copied);
  }
  return copy;
}

function copyObject(object: object, terms: Terms, depth: number): unknown {
  if (!isPlainObject(object)) return undefined;
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(object)) {
    const member = object[name];
    if (member === undefined) continue;
    const copied = name === '__proto__' || !takes(name, terms) ? undefined : copyOnTerms(member, terms, depth + 1);
    if (copied === undefined) return undefined;
    copy[name] = copied;
  }
  return copy;
}
