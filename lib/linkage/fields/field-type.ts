/** What a value looks like to the linker besides the value itself. All texts are hashed before they are compared or blocked on. */
export interface ValueParts {
  /** One text for each of the type's `slots`, null where the value has none. */
  singles: (string | null)[];
  /** Texts of which two similar values share at least one: deletion variants, buckets, elements. */
  near: string[];
  /** Texts of which two loosely related values share at least one: words. */
  loose: string[];
}

/** A place in a value that a blocking rule can use as key. */
export interface BlockingSlot {
  /** −1: the value itself; otherwise an index into `slots`. */
  slot: number;
  /** Share of true matches with both values present that are expected to agree here; a guess used only to choose rules. */
  survives: number;
}

/**
 * Everything the linker knows about one kind of value. `levels` go from exact agreement to difference; both comparisons
 * answer an index into it and must be symmetric. `expected` says how true matches usually spread over the levels.
 */
export interface FieldType {
  name: string;
  levels: readonly string[];
  expected: readonly number[];
  slots: readonly string[];
  blocking: readonly BlockingSlot[];
  normalise(raw: string): string | null;
  parts(value: string): ValueParts;
  /** Level of two different normalised values. */
  compareValues(left: string, right: string): number;
  /** Level of two different values of which only hashed parts are known. */
  compareTokens(left: Tokens, right: Tokens): number;
}

/**
 * Hashed parts of one value, 32 bits each: the value, one for each slot (0 = none), then near and loose ones, sorted; the lowest bit
 * of the latter tells which: 0 near, 1 loose.
 */
export type Tokens = Int32Array;

/** True when both values have the slot and it is equal. Slot −1 is the value itself. */
export function sameSlot(left: Tokens, right: Tokens, slot: number): boolean {
  const token = left[slot + 1];
  return token !== 0 && token === right[slot + 1];
}

/** 2 when the values share a near part, 1 when only a loose one, 0 when none. `slots` is the number of single slots. */
export function sharedParts(left: Tokens, right: Tokens, slots: number): 0 | 1 | 2 {
  let i = slots + 1;
  let j = slots + 1;
  let found: 0 | 1 = 0;
  while (i < left.length && j < right.length) {
    const a = left[i]!;
    const b = right[j]!;
    if (a === b) {
      if ((a & 1) === 0) return 2;
      found = 1;
    }
    if (a <= b) i++;
    if (b <= a) j++;
  }
  return found;
}

/** Number of near parts that two values share, and how many each has. */
export function countShared(
  left: Tokens,
  right: Tokens,
  slots: number,
): { shared: number; left: number; right: number } {
  let i = slots + 1;
  let j = slots + 1;
  let shared = 0;
  while (i < left.length && j < right.length) {
    const a = left[i]!;
    const b = right[j]!;
    if (a === b) shared++;
    if (a <= b) i++;
    if (b <= a) j++;
  }
  return { shared, left: left.length - slots - 1, right: right.length - slots - 1 };
}
