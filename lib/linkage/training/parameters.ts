import { levelNames, type PatternCounts } from '../records/patterns.ts';
import type { Field } from '../records/table.ts';

/**
 * How a field's levels are spread among matches (m) and among pairs of different entities (u). A field may lean on another, its
 * parent (postcode on city): then there is one spread for each state of the parent in the pair.
 */
export interface FieldParameters {
  name: string;
  levels: readonly string[];
  /** Index of the field on which this one depends, or −1. */
  parent: number;
  /** By state of the parent (0 unknown or none, 1 agrees exactly, 2 does not), then by level. */
  m: number[][];
  u: number[][];
  /** Factor on learnt bits, 1 as learnt. */
  weight: number;
  /** Bits fixed by hand, by level; undefined where they are learnt. */
  fixed: readonly (number | null | undefined)[];
}

/** States of a parent field in a pair. */
export const PARENT_STATES = 3;
export const UNKNOWN = 0;
export const AGREES = 1;
export const DISAGREES = 2;

/** Parameters before any learning: m as the field's type expects it, u flat. */
export function startingParameters(fields: readonly Field[], parents: readonly number[]): FieldParameters[] {
  return fields.map((field, index) => {
    const levels = levelNames(field);
    const expected = [...field.type.expected];
    if (levels.length > expected.length) expected.push(0.01);
    const spread = normalised(expected);
    const flat = normalised(expected.map(() => 1));
    return {
      name: field.name,
      levels,
      parent: parents[index] ?? -1,
      weight: field.weight ?? 1,
      fixed: levels.map((level) => field.weights?.[level]),
      m: Array.from({ length: PARENT_STATES }, () => [...spread]),
      u: Array.from({ length: PARENT_STATES }, () => [...flat]),
    };
  });
}

/** The state of a field's parent in a pattern. */
export function parentState(
  parameters: FieldParameters,
  levels: Uint8Array,
  offset: number,
  absentLevels: Uint8Array,
): number {
  if (parameters.parent < 0) return UNKNOWN;
  const level = levels[offset + parameters.parent]!;
  if (level === absentLevels[parameters.parent]!) return UNKNOWN;
  return level === 0 ? AGREES : DISAGREES;
}

/** Patterns with the parent's state beside each level, so that EM need not look it up again and again. */
export interface PreparedPatterns extends PatternCounts {
  fieldCount: number;
  /** `size` × fields: state × 16 + level, or 255 for absent. */
  cells: Uint8Array;
}

/** Prepares patterns for parameters with their parents. */
export function preparePatterns(patterns: PatternCounts, parameters: readonly FieldParameters[]): PreparedPatterns {
  const fieldCount = parameters.length;
  const absentLevels = Uint8Array.from(parameters, ({ levels }) => levels.length);
  const cells = new Uint8Array(patterns.levels.length);
  for (let row = 0; row < patterns.size; row++) {
    const offset = row * fieldCount;
    for (let field = 0; field < fieldCount; field++) {
      const level = patterns.levels[offset + field]!;
      const state = parentState(parameters[field]!, patterns.levels, offset, absentLevels);
      cells[offset + field] = level === absentLevels[field] ? ABSENT_CELL : state * 16 + level;
    }
  }
  return { ...patterns, fieldCount, cells };
}

export const ABSENT_CELL = 255;
/** Cells of a field: three parent states of up to 16 levels. */
export const CELLS = PARENT_STATES * 16;

/** Bits for (positive) or against a match of every field and cell, `fields × CELLS`. */
export function cellBits(parameters: readonly FieldParameters[]): Float64Array {
  const bits = new Float64Array(parameters.length * CELLS);
  parameters.forEach((field, index) => {
    for (let state = 0; state < PARENT_STATES; state++) {
      for (let level = 0; level < field.levels.length; level++) {
        const learnt = Math.log2(field.m[state]![level]! / field.u[state]![level]!) * field.weight;
        bits[index * CELLS + state * 16 + level] = field.fixed[level] ?? learnt;
      }
    }
  });
  return bits;
}

/** The numbers divided by their sum. */
export function normalised(numbers: readonly number[]): number[] {
  const sum = numbers.reduce((total, number) => total + number, 0);
  return numbers.map((number) => number / sum);
}
