import type { FieldType, Tokens } from '../fields/field-type.ts';
import { mix32, plainHash, slotToken } from './hashing.ts';

/**
 * The distinct values of one field, numbered from 1; 0 means absent. Everything above this line of abstraction (blocking, training,
 * scoring, clustering) sees only these numbers, so it is the same for plain values and for keyed tokens.
 */
export interface Dictionary {
  readonly size: number;
  /** Hash of a part of the value; slot −1 is the value itself; 0 when the value has no such part. */
  token(code: number, slot: number): number;
  /** Index into the type's levels; 0 for equal codes. */
  level(left: number, right: number): number;
}

export interface ValueDictionary extends Dictionary {
  codeOf(raw: string): number;
  valueOf(code: number): string | undefined;
}

export interface TokenDictionary extends Dictionary {
  codeOf(tokens: Tokens): number;
}

/** A dictionary of plain values, normalised by the type. */
export function createValueDictionary(type: FieldType): ValueDictionary {
  const codes = new Map<string, number>();
  const rawCodes = new Map<string, number>();
  const values: string[] = [''];
  const level = rememberingLevels((left, right) => type.compareValues(values[left]!, values[right]!));

  const codeOf = (raw: string): number => {
    const known = rawCodes.get(raw);
    if (known !== undefined) return known;
    const value = type.normalise(raw);
    let code = 0;
    if (value !== null) {
      code = codes.get(value) ?? values.length;
      if (code === values.length) {
        codes.set(value, code);
        values.push(value);
      }
    }
    if (rawCodes.size < 200_000) rawCodes.set(raw, code);
    return code;
  };

  return {
    get size() {
      return values.length - 1;
    },
    codeOf,
    valueOf: (code) => values[code],
    token: rememberingTokens(type, values),
    level,
  };
}

/** Tokens of values by their numbers, each hashed once. */
function rememberingTokens(type: FieldType, values: readonly string[]): Dictionary['token'] {
  const slotTokens = new Map<number, number[]>();
  return (code, slot) => {
    if (code === 0) return 0;
    let known = slotTokens.get(slot);
    if (known === undefined) {
      known = [];
      slotTokens.set(slot, known);
    }
    for (let next = known.length; next <= code; next++) {
      known.push(next === 0 ? 0 : slotToken(type, values[next]!, { slot, hash: plainHash }));
    }
    return known[code]!;
  };
}

/** A dictionary of hashed values: it never learns what they mean. */
export function createTokenDictionary(type: FieldType): TokenDictionary {
  const codes = new Map<number, number>();
  let offsets = new Int32Array(1024);
  let tokens = new Int32Array(16_384);
  let size = 0;
  const partsOf = (code: number): Tokens => tokens.subarray(offsets[code - 1], offsets[code]);
  const level = rememberingLevels((left, right) => type.compareTokens(partsOf(left), partsOf(right)));

  const codeOf = (parts: Tokens): number => {
    const exact = parts[0];
    if (exact === undefined || exact === 0) return 0;
    const known = codes.get(exact);
    if (known !== undefined) return known;
    if (size + 2 > offsets.length) offsets = grown(offsets, size + 2);
    const start = offsets[size]!;
    if (start + parts.length > tokens.length) tokens = grown(tokens, start + parts.length);
    tokens.set(parts, start);
    size++;
    offsets[size] = start + parts.length;
    codes.set(exact, size);
    return size;
  };

  return {
    get size() {
      return size;
    },
    codeOf,
    token: (code, slot) => (code === 0 ? 0 : tokens[offsets[code - 1]! + slot + 1]!),
    level,
  };
}

const CACHE_SIZE = 1 << 16;

/** Comparing two texts costs a microsecond and the same two common names meet again and again: keep the last answers. */
function rememberingLevels(compare: (left: number, right: number) => number): Dictionary['level'] {
  let lefts = new Int32Array(0);
  let rights = new Int32Array(0);
  let answers = new Uint8Array(0);
  return (left, right) => {
    if (left === right) return 0;
    if (lefts.length === 0) {
      lefts = new Int32Array(CACHE_SIZE);
      rights = new Int32Array(CACHE_SIZE);
      answers = new Uint8Array(CACHE_SIZE);
    }
    const low = Math.min(left, right);
    const high = Math.max(left, right);
    const place = mix32(Math.imul(low, 0x9e3779b1) ^ high) & (CACHE_SIZE - 1);
    if (lefts[place] === low && rights[place] === high) return answers[place]!;
    const level = compare(low, high);
    lefts[place] = low;
    rights[place] = high;
    answers[place] = level;
    return level;
  };
}

function grown(array: Int32Array<ArrayBuffer>, needed: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(needed, array.length * 2));
  larger.set(array);
  return larger;
}
