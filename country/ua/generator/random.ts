import { createHash } from 'node:crypto';

/** Where the numbers of a generated country come from: integers only, so that every machine draws the same. */
export type Random = {
  /** 0 … 2³² − 1. */
  uint32(): number;
  /** 0 … limit − 1. */
  below(limit: number): number;
  /** From first to last, both included. */
  between(first: number, last: number): number;
  /** True that many times in a thousand. */
  chance(per_mille: number): boolean;
  pick<T>(items: readonly T[]): T;
  weighted<T>(choice: Weighted<T>): T;
};

export type Weighted<T> = { items: T[]; cumulative: number[]; total: number };
export type Seed = { words: [number, number, number, number]; text: string };

/** Each purpose draws from a stream of its own, so that a change in one moves nothing in another. */
export const streams = {
  clinic: 1,
  block: 2,
  person: 3,
  person_id: 4,
  declaration_id: 5,
  clinic_id: 6,
  duplicates: 7,
  duplicate_id: 8,
  fraud: 9,
  location: 10,
  history: 11,
} as const;

export function seedOf(seed: string | number): Seed {
  const text = String(seed);
  const digest = createHash('sha256').update(text, 'utf8').digest();
  const words = [0, 4, 8, 12].map((place) => digest.readUInt32LE(place)) as Seed['words'];
  return { words, text };
}

/** The numbers of one stream at one index: they depend on nothing but seed, stream and index. */
export function randomAt(seed: Seed, stream: number, index: number): Random {
  const uint32 = sfc32(seed.words, stream, index);
  const below = (limit: number) => Math.floor((uint32() / 4294967296) * limit);
  return {
    uint32,
    below,
    between: (first, last) => first + below(last - first + 1),
    chance: (per_mille) => below(1000) < per_mille,
    pick: (items) => items[below(items.length)]!,
    weighted: (choice) => choice.items[placeOf(choice.cumulative, below(choice.total))]!,
  };
}

/** Chris Doty-Humphrey's "small fast counting" generator of 32-bit words (PractRand), its state mixed from all the inputs. */
function sfc32(words: Seed['words'], stream: number, index: number): () => number {
  let a = mixed(words[0] ^ index);
  let b = mixed(words[1] ^ Math.floor(index / 4294967296) ^ Math.imul(stream, 0x9e3779b1));
  let c = mixed(words[2] + a + b);
  let counter = mixed(words[3] ^ c ^ stream) | 1;
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  for (let round = 0; round < 12; round += 1) next();
  return next;
}

/** The finalizer of MurmurHash3: every bit of the word reaches every other. */
function mixed(word: number): number {
  let h = word | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}

export function weighted<T>(items: T[], weight: (item: T) => number): Weighted<T> {
  let total = 0;
  const cumulative = items.map((item) => {
    total += weight(item);
    return total;
  });
  return { items, cumulative, total };
}

/** The first place whose cumulative weight is above the point. */
function placeOf(cumulative: number[], point: number): number {
  let low = 0;
  let high = cumulative.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cumulative[middle]! > point) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * A place of `index` among 0 … size − 1 that no other index below `size` gets: numbers that look shuffled and never repeat.
 * `step` must be prime and not divide the size; index · step must stay below 2⁵³.
 */
export function shuffled(seed: Seed, index: number, size: number, step: number): number {
  return ((((index % size) * step) % size) + (seed.words[0] % size)) % size;
}

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** A UUID of version 4 from the numbers of one stream and index. */
export function uuidAt(seed: Seed, stream: number, index: number): string {
  const { uint32 } = randomAt(seed, stream, index);
  const first = uint32();
  const second = (uint32() & 0xffff0fff) | 0x00004000;
  const third = (uint32() & 0x3fffffff) | 0x80000000;
  const last = uint32();
  return `${word(first)}-${half(second >>> 16)}-${half(second)}-${half(third >>> 16)}-${half(third)}${word(last)}`;
}

function word(value: number): string {
  return half(value >>> 16) + half(value);
}

function half(value: number): string {
  return hex[(value >>> 8) & 0xff]! + hex[value & 0xff]!;
}
