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

/** Pairs' worth of belief in what a type expects, against what the data show. */
const PRIOR_STRENGTH = 4;
const MOST_ROUNDS = 60;
const SETTLED = 5e-4;

/**
 * Learns m by expectation–maximisation on pattern counts, u held fixed. Each blocking rule gives a set of pairs in which its own
 * fields say nothing, so they are held out there; the rules' answers are averaged, weighted by the matches each is sure of.
 * Sources: Fellegi & Sunter 1969; Winkler 1988; the rule-wise training is Splink's idea, done here on counts for all rules at once.
 */
export function learnFromRules(
  patterns: PreparedPatterns,
  parameters: readonly FieldParameters[],
  rules: readonly BlockingRule[],
): void {
  const sums = parameters.map(() => new Float64Array(CELLS));
  rules.forEach((rule, index) => {
    const rows = rowsOfRule(patterns, index);
    const heldOut = new Set(rule.atoms.map(({ field }) => field));
    const learnt = cloned(parameters);
    const evidence = maximise(patterns, learnt, { rows, heldOut, share: 0.2 });
    addEvidence(sums, { learnt, evidence, heldOut });
  });
  parameters.forEach((field, index) => {
    setFromCounts(field, sums[index]!);
  });
}

/** Refines m on all pairs at once, no field held out; only for exhaustive comparison, where candidates were not selected. */
export function learnFromAllPairs(patterns: PreparedPatterns, parameters: FieldParameters[], prior: number): void {
  const rows = Int32Array.from({ length: patterns.size }, (_, row) => row);
  maximise(patterns, parameters, { rows, heldOut: new Set(), share: prior });
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
}

/** Runs EM to rest and leaves m in `parameters`; answers the sure matches by field and cell. */
function maximise(
  patterns: PreparedPatterns,
  parameters: FieldParameters[],
  { rows, heldOut, share }: Subset,
): Float64Array[] {
  let current = share;
  let evidence: Float64Array[] = [];
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const ratios = cellBits(parameters);
    const expected = expect(patterns, { rows, heldOut, ratios, share: current });
    const moved = maximiseOnce(parameters, expected.cells, heldOut);
    const next = Math.min(0.999, Math.max(1e-9, expected.matches / Math.max(1, expected.pairs)));
    const isSettled = moved < SETTLED && Math.abs(next - current) < SETTLED * current;
    current = next;
    evidence = expected.sure;
    if (isSettled) break;
  }
  return evidence;
}

interface Expectation {
  matches: number;
  pairs: number;
  /** Expected matches by field and cell. */
  cells: Float64Array[];
  /** The same, of matches with a probability above 0.9 only. */
  sure: Float64Array[];
}

function expect(
  patterns: PreparedPatterns,
  { rows, heldOut, ratios, share }: Subset & { ratios: Float64Array },
): Expectation {
  const { fieldCount, cells, counts } = patterns;
  const result: Expectation = {
    matches: 0,
    pairs: 0,
    cells: Array.from({ length: fieldCount }, () => new Float64Array(CELLS)),
    sure: Array.from({ length: fieldCount }, () => new Float64Array(CELLS)),
  };
  const prior = Math.log2(share / (1 - share));
  const used = Array.from({ length: fieldCount }, (_, field) => field).filter((field) => !heldOut.has(field));
  for (const row of rows) {
    let bits = prior;
    for (const field of used) {
      const cell = cells[row * fieldCount + field]!;
      if (cell !== ABSENT_CELL) bits += ratios[field * CELLS + cell]!;
    }
    const count = counts[row]!;
    const probability = 1 / (1 + 2 ** -bits);
    result.pairs += count;
    result.matches += count * probability;
    if (probability < 1e-6) continue;
    for (const field of used) {
      const cell = cells[row * fieldCount + field]!;
      if (cell === ABSENT_CELL) continue;
      result.cells[field]![cell]! += count * probability;
      if (probability > 0.9) result.sure[field]![cell]! += count * probability;
    }
  }
  return result;
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
  }: { learnt: readonly FieldParameters[]; evidence: readonly Float64Array[]; heldOut: ReadonlySet<number> },
): void {
  learnt.forEach((_, field) => {
    if (heldOut.has(field)) return;
    for (let cell = 0; cell < CELLS; cell++) sums[field]![cell]! += evidence[field]?.[cell] ?? 0;
  });
}

function rowsOfRule(patterns: PreparedPatterns, rule: number): Int32Array {
  const rows: number[] = [];
  for (let row = 0; row < patterns.size; row++) if ((patterns.ruleMasks[row]! & (1 << rule)) !== 0) rows.push(row);
  return Int32Array.from(rows);
}
