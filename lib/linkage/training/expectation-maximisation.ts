import type { BlockingRule } from '../blocking/rules.ts';
import {
  ABSENT_CELL,
  CELLS,
  cellBits,
  type FieldParameters,
  normalised,
  PARENT_STATES,
  type PreparedPatterns,
} from './parameters.ts';
import { type FamilyPins, familyBits, learntKind, type StartingKind, startingKinds } from './relatives.ts';

/** Pairs' worth of belief in what a type expects, against what the data show. */
const PRIOR_STRENGTH = 4;
const MOST_ROUNDS = 60;
const SETTLED = 5e-4;

/**
 * Learns m by expectation–maximisation on pattern counts, u held fixed. Each blocking rule gives a set of pairs in which its own
 * fields say nothing, so they are held out there; the rules' answers are averaged, weighted by the matches each is sure of and by the
 * square of their share among its pairs: where few pairs match, a large class of mere likeness (things of one maker) can pass for them.
 * Sources: Fellegi & Sunter 1969; Winkler 1988; the rule-wise training is Splink's idea, done here on counts for all rules at once.
 */
export function learnFromRules(
  patterns: PreparedPatterns,
  parameters: readonly FieldParameters[],
  rules: readonly BlockingRule[],
  family?: FamilyPins,
): void {
  const sums = parameters.map(() => new Float64Array(CELLS));
  rules.forEach((rule, index) => {
    const rows = rowsOfRule(patterns, index);
    const heldOut = new Set(rule.atoms.map(({ field }) => field));
    const learnt = cloned(parameters);
    const { evidence, share } = maximise(patterns, learnt, { rows, heldOut, share: 0.2, family });
    addEvidence(sums, { learnt, evidence, heldOut, trust: share ** 2 });
  });
  parameters.forEach((field, index) => {
    setFromCounts(field, sums[index]!);
  });
}

/** Refines m on all pairs at once, no field held out; only for exhaustive comparison, where candidates were not selected. */
export function learnFromAllPairs(patterns: PreparedPatterns, parameters: FieldParameters[], prior: number): void {
  const rows = Int32Array.from({ length: patterns.size }, (_, row) => row);
  maximise(patterns, parameters, { rows, heldOut: new Set(), share: prior, family: undefined });
}

/** Share of matches among all pairs, by EM with fixed parameters; pairs that were not candidates count as non-matches. */
export function learnPrior(ratios: Float64Array, counts: Float64Array, allPairs: number): number {
  let prior = Math.min(0.1, 1 / Math.sqrt(allPairs + 1));
  for (let round = 0; round < 200; round++) {
    const odds = prior / (1 - prior);
    let matches = 0;
    for (let row = 0; row < counts.length; row++) matches += counts[row]! / (1 + 2 ** -ratios[row]! / odds);
    const next = Math.max(matches, 0.5) / allPairs;
    const isSettled = Math.abs(next - prior) < 1e-6 * prior;
    prior = Math.min(0.5, next);
    if (isSettled) break;
  }
  return prior;
}

/** log2 likelihood ratio of every pattern, fields in `heldOut` left out. */
export function patternRatios(
  patterns: PreparedPatterns,
  ratios: Float64Array,
  heldOut: ReadonlySet<number>,
): Float64Array {
  const { fieldCount, cells, size } = patterns;
  const used = Array.from({ length: fieldCount }, (_, field) => field).filter((field) => !heldOut.has(field));
  const sums = new Float64Array(size);
  for (let row = 0; row < size; row++) {
    let sum = 0;
    for (const field of used) {
      const cell = cells[row * fieldCount + field]!;
      if (cell !== ABSENT_CELL) sum += ratios[field * CELLS + cell]!;
    }
    sums[row] = sum;
  }
  return sums;
}

interface Subset {
  rows: Int32Array;
  heldOut: ReadonlySet<number>;
  /** Share of matches to start from. */
  share: number;
  family: FamilyPins | undefined;
}

/** Runs EM to rest and leaves m in `parameters`; answers the sure matches by field and cell. */
function maximise(
  patterns: PreparedPatterns,
  parameters: FieldParameters[],
  { rows, heldOut, share, family }: Subset,
): { evidence: Float64Array[]; share: number } {
  let current = share;
  const starting = family === undefined ? [] : startingKinds(parameters, family);
  let relatives = starting.map(({ h }) => ({ share: 0.1, bits: familyBits(parameters, family!, h) }));
  let evidence: Float64Array[] = [];
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const bits = cellBits(parameters);
    const expected = expect(patterns, { rows, heldOut, bits, share: current, relatives });
    const moved = maximiseOnce(parameters, expected.cells, heldOut);
    const next = Math.min(0.999, Math.max(1e-9, expected.matches / Math.max(1, expected.pairs)));
    const isSettled = moved < SETTLED && Math.abs(next - current) < SETTLED * current;
    current = next;
    evidence = expected.sure;
    if (family !== undefined) relatives = learntFamilies(parameters, { pins: family, starting }, expected);
    if (isSettled) break;
  }
  return { evidence, share: current };
}

interface Expectation {
  matches: number;
  pairs: number;
  /** Expected matches by field and cell. */
  cells: Float64Array[];
  /** The same, of matches with a probability above 0.9 only. */
  sure: Float64Array[];
  /** Expected relatives of each kind, and how they agree by field and cell. */
  kinds: { pairs: number; cells: Float64Array[] }[];
}

type Sums = Omit<Subset, 'family'> & { bits: Float64Array; relatives: readonly Family[] };

function expect(patterns: PreparedPatterns, { rows, heldOut, bits, share, relatives }: Sums): Expectation {
  const { fieldCount, cells, counts } = patterns;
  const perField = (): Float64Array[] => Array.from({ length: fieldCount }, () => new Float64Array(CELLS));
  const kinds = relatives.map(() => ({ pairs: 0, cells: perField() }));
  const result: Expectation = { matches: 0, pairs: 0, cells: perField(), sure: perField(), kinds };
  const used = Array.from({ length: fieldCount }, (_, field) => field).filter((field) => !heldOut.has(field));
  const sumOf = (row: number, table: Float64Array): number => {
    let sum = 0;
    for (const field of used) {
      const cell = cells[row * fieldCount + field]!;
      if (cell !== ABSENT_CELL) sum += table[field * CELLS + cell]!;
    }
    return sum;
  };
  const add = (row: number, sums: Float64Array[], weight: number): void => {
    for (const field of used) {
      const cell = cells[row * fieldCount + field]!;
      if (cell !== ABSENT_CELL) sums[field]![cell]! += weight;
    }
  };
  const strangers = Math.max(1e-9, 1 - share - relatives.reduce((sum, kind) => sum + kind.share, 0));
  for (const row of rows) {
    const match = share * 2 ** sumOf(row, bits);
    const related = relatives.map((kind) => kind.share * 2 ** sumOf(row, kind.bits));
    const total = related.reduce((sum, weight) => sum + weight, match + strangers);
    const count = counts[row]!;
    result.pairs += count;
    result.matches += (count * match) / total;
    if (match / total > 1e-6) add(row, result.cells, (count * match) / total);
    if (match / total > 0.9) add(row, result.sure, (count * match) / total);
    related.forEach((weight, kind) => {
      kinds[kind]!.pairs += (count * weight) / total;
      if (weight / total > 1e-6) add(row, kinds[kind]!.cells, (count * weight) / total);
    });
  }
  return result;
}

interface Family {
  share: number;
  /** log2(h / u) by field and cell. */
  bits: Float64Array;
}

function learntFamilies(
  parameters: readonly FieldParameters[],
  { pins, starting }: { pins: FamilyPins; starting: readonly StartingKind[] },
  { kinds, pairs }: Expectation,
): Family[] {
  return kinds.map((kind, at) => {
    const h = learntKind(parameters, starting[at]!, { counts: kind.cells.map(byLevel), never: pins.never });
    return {
      share: Math.min(0.45, Math.max(1e-9, kind.pairs / Math.max(1, pairs))),
      bits: familyBits(parameters, pins, h),
    };
  });
}

function byLevel(cells: Float64Array): Float64Array {
  const levels = new Float64Array(16);
  cells.forEach((count, cell) => {
    levels[cell & 15]! += count;
  });
  return levels;
}

function maximiseOnce(
  parameters: FieldParameters[],
  cells: readonly Float64Array[],
  heldOut: ReadonlySet<number>,
): number {
  let moved = 0;
  parameters.forEach((field, index) => {
    if (heldOut.has(index)) return;
    const before = field.m.map((spread) => [...spread]);
    setFromCounts(field, cells[index]!);
    before.forEach((spread, state) => {
      spread.forEach((share, level) => {
        moved = Math.max(moved, Math.abs(share - field.m[state]![level]!));
      });
    });
  });
  return moved;
}

const expectedSpread = new WeakMap<FieldParameters, number[]>();

/** m from expected counts, leaning on what the type expects where there are few; the spread under a parent leans on the whole spread. */
function setFromCounts(field: FieldParameters, counts: Float64Array): void {
  const base = expectedSpread.get(field) ?? [...field.m[0]!];
  expectedSpread.set(field, base);
  const whole = base.map((share, level) => {
    let sum = share * PRIOR_STRENGTH;
    for (let state = 0; state < PARENT_STATES; state++) sum += counts[state * 16 + level]!;
    return sum;
  });
  const marginal = normalised(whole);
  field.m = Array.from({ length: PARENT_STATES }, (_, state) =>
    state === 0
      ? marginal
      : normalised(marginal.map((share, level) => share * PRIOR_STRENGTH + counts[state * 16 + level]!)),
  );
}

function cloned(parameters: readonly FieldParameters[]): FieldParameters[] {
  return parameters.map((field) => {
    const copy = { ...field, m: field.m.map((spread) => [...spread]) };
    expectedSpread.set(copy, expectedSpread.get(field) ?? [...field.m[0]!]);
    return copy;
  });
}

function addEvidence(
  sums: readonly Float64Array[],
  {
    learnt,
    evidence,
    heldOut,
    trust,
  }: {
    learnt: readonly FieldParameters[];
    evidence: readonly Float64Array[];
    heldOut: ReadonlySet<number>;
    trust: number;
  },
): void {
  learnt.forEach((_, field) => {
    if (heldOut.has(field)) return;
    for (let cell = 0; cell < CELLS; cell++) sums[field]![cell]! += trust * (evidence[field]?.[cell] ?? 0);
  });
}

function rowsOfRule(patterns: PreparedPatterns, rule: number): Int32Array {
  const rows: number[] = [];
  for (let row = 0; row < patterns.size; row++) if ((patterns.ruleMasks[row]! & (1 << rule)) !== 0) rows.push(row);
  return Int32Array.from(rows);
}
