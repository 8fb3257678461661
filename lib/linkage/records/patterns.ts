import type { RecordTable } from './table.ts';

/** Levels of a field in a pattern: the type's levels, then `swapped` where the field has a swap partner, then absent. */
export interface PatternShape {
  fieldCount: number;
  /** Number of levels of each field without "absent"; the level "absent" is this number. */
  levelCounts: Uint8Array;
  /** Factor of each field in the pattern number. */
  factors: Float64Array;
}

/** The shape of agreement patterns over a table's fields. Throws when there are too many fields to number the patterns exactly. */
export function patternShape(fields: RecordTable['fields']): PatternShape {
  const levelCounts = Uint8Array.from(fields, (field) => levelNames(field).length);
  const factors = new Float64Array(fields.length);
  let factor = 1;
  for (let field = 0; field < fields.length; field++) {
    factors[field] = factor;
    factor *= levelCounts[field]! + 1;
  }
  if (factor > Number.MAX_SAFE_INTEGER)
    throw new RangeError(`${fields.length} fields are too many to compare at once; use at most 18`);
  return { fieldCount: fields.length, levelCounts, factors };
}

/** Names of a field's levels, best first; `swapped` comes last. */
export function levelNames(field: RecordTable['fields'][number]): readonly string[] {
  return field.swaps_with === undefined ? field.type.levels : [...field.type.levels, 'swapped'];
}

/** Compares two records field by field and writes the levels. */
export type PairComparison = (left: number, right: number, levels: Uint8Array) => void;

/** A comparison of a table's records by row number. */
export function pairComparison(table: RecordTable): PairComparison {
  const { codes, dictionaries, fields } = table;
  const { levelCounts } = patternShape(fields);
  const swaps = fields.flatMap((field, first) =>
    field.swaps_with === undefined ? [] : [{ first, second: field.swaps_with }],
  );
  const same = (a: number, b: number, pair: { left: number; right: number }): boolean => {
    const [left, right] = [codes[a]![pair.left]!, codes[b]![pair.right]!];
    if (left === 0 || right === 0) return false;
    return dictionaries[a]!.token(left, -1) === dictionaries[b]!.token(right, -1);
  };
  return (left, right, levels) => {
    for (let field = 0; field < codes.length; field++) {
      const column = codes[field]!;
      const [a, b] = [column[left]!, column[right]!];
      levels[field] = a === 0 || b === 0 ? levelCounts[field]! : a === b ? 0 : dictionaries[field]!.level(a, b);
    }
    for (const { first, second } of swaps) {
      if (levels[first] === 0 || levels[second] === 0) continue;
      if (!same(first, second, { left, right }) || !same(second, first, { left, right })) continue;
      levels[first] = levelCounts[first]! - 1;
      levels[second] = levelCounts[second]!;
    }
  };
}

/** The number of a pattern: equal for equal levels and for nothing else. */
export function patternNumber(shape: PatternShape, levels: Uint8Array): number {
  let pattern = 0;
  for (let field = 0; field < shape.fieldCount; field++) pattern += levels[field]! * shape.factors[field]!;
  return pattern;
}

/** Distinct agreement patterns with the number of pairs that show each. */
export interface PatternCounts {
  size: number;
  /** `size` × fields levels. */
  levels: Uint8Array;
  counts: Float64Array;
  /** Bit r is set when blocking rule r joins the pairs. */
  ruleMasks: Int32Array;
}
