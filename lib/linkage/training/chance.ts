import { countAllPairs, isLinking } from '../blocking/candidates.ts';
import { mix32 } from '../records/hashing.ts';
import { pairComparison, patternShape } from '../records/patterns.ts';
import type { RecordTable } from '../records/table.ts';
import { AGREES, DISAGREES, type FieldParameters, normalised, UNKNOWN } from './parameters.ts';

const SAMPLE_PAIRS = 200_000;

/** Random pairs with their levels, `size` × fields. */
export interface RandomPairs {
  size: number;
  left: Int32Array;
  right: Int32Array;
  levels: Uint8Array;
}

/** Draws pairs by a fixed pseudo-random sequence over row numbers; all pairs when there are few. */
export function drawRandomPairs(table: RecordTable): RandomPairs {
  const compare = pairComparison(table);
  const fieldCount = patternShape(table.fields).fieldCount;
  const pairs = countAllPairs(table) <= SAMPLE_PAIRS ? everyPair(table) : sampledPairs(table);
  const levels = new Uint8Array(pairs.left.length * fieldCount);
  for (let pair = 0; pair < pairs.left.length; pair++) {
    compare(pairs.left[pair]!, pairs.right[pair]!, levels.subarray(pair * fieldCount, (pair + 1) * fieldCount));
  }
  return { size: pairs.left.length, ...pairs, levels };
}

function everyPair(table: RecordTable): { left: Int32Array; right: Int32Array } {
  const total = countAllPairs(table);
  const [left, right] = [new Int32Array(total), new Int32Array(total)];
  const linking = isLinking(table);
  let size = 0;
  for (let i = 0; i < table.size; i++) {
    for (let j = i + 1; j < table.size; j++) {
      if (linking && table.sources[i] === table.sources[j]) continue;
      left[size] = i;
      right[size++] = j;
    }
  }
  return { left, right };
}

function sampledPairs(table: RecordTable): { left: Int32Array; right: Int32Array } {
  const [left, right] = [new Int32Array(SAMPLE_PAIRS), new Int32Array(SAMPLE_PAIRS)];
  const linking = isLinking(table);
  let size = 0;
  for (let draw = 0; size < SAMPLE_PAIRS; draw++) {
    const [i, j] = [rowAt(draw * 2 + 1, table.size), rowAt(draw * 2 + 2, table.size)];
    if (i === j || (linking && table.sources[i] === table.sources[j])) continue;
    left[size] = Math.min(i, j);
    right[size++] = Math.max(i, j);
  }
  return { left, right };
}

function rowAt(draw: number, size: number): number {
  return Math.floor(((mix32(Math.imul(draw, 0x9e3779b1)) >>> 0) / 0x1_0000_0000) * size);
}

/** Pairs of different entities that agree exactly on one field, or on two. */
export interface AgreementCounts {
  /** Pairs that have the field on both sides. */
  present: number;
  agreeing: number;
  /** Pairs within one cluster that agree: matches, as far as known. */
  matchesAgreeing: number;
}

/** Groups of rows already thought to be one entity. */
export type KnownClusters = readonly (readonly number[])[];

/**
 * Counts exact agreement on all given fields in closed form from value frequencies, pairs within known clusters left out. With a `step`
 * only every step-th row counts, for shares that need no more.
 */
export function countAgreement(
  table: RecordTable,
  fields: readonly number[],
  clusters: KnownClusters,
  step = 1,
): AgreementCounts {
  const columns = fields.map((field) => table.codes[field]!);
  const linking = isLinking(table);
  const counts = fields.length === 1 ? denseCounts(table.dictionaries[fields[0]!]!.size) : new Map<number, number>();
  let [firsts, seconds, agreeing] = [0, 0, 0];
  for (let row = 0; row < table.size; row += step) {
    const key = jointCode(table, columns, { fields, row });
    if (key === 0) continue;
    // In linking the rows of the first input come first; the second input only looks them up.
    const before = counts.get(key) ?? 0;
    if (linking && table.sources[row] === 1) {
      agreeing += before;
      seconds++;
    } else {
      if (!linking) agreeing += before;
      counts.set(key, before + 1);
      firsts++;
    }
  }
  const within = countWithin(table, columns, clusters, step);
  const present = (linking ? firsts * seconds : (firsts * (firsts - 1)) / 2) - within.present;
  return { present, agreeing: agreeing - within.agreeing, matchesAgreeing: within.agreeing };
}

/** Counts by value number: an array is many times faster than a map over a million rows. */
function denseCounts(values: number): {
  get(code: number): number | undefined;
  set(code: number, count: number): void;
} {
  const counts = new Int32Array(values + 1);
  return {
    get: (code) => counts[code],
    set(code, count) {
      counts[code] = count;
    },
  };
}

function jointCode(
  table: RecordTable,
  columns: readonly Int32Array[],
  at: { fields: readonly number[]; row: number },
): number {
  let code = 0;
  for (let i = 0; i < columns.length; i++) {
    const part = columns[i]![at.row]!;
    if (part === 0) return 0;
    code = code * (table.dictionaries[at.fields[i]!]!.size + 1) + part;
  }
  return code;
}

function countWithin(table: RecordTable, columns: readonly Int32Array[], clusters: KnownClusters, step: number) {
  const linking = isLinking(table);
  let [present, agreeing] = [0, 0];
  for (const members of clusters) {
    const rows = step === 1 ? members : members.filter((row) => row % step === 0);
    for (let i = 0; i < rows.length; i++) {
      for (let j = i + 1; j < rows.length; j++) {
        const [left, right] = [rows[i]!, rows[j]!];
        if (linking && table.sources[left] === table.sources[right]) continue;
        if (columns.some((column) => column[left] === 0 || column[right] === 0)) continue;
        present++;
        if (columns.every((column) => column[left] === column[right])) agreeing++;
      }
    }
  }
  return { present, agreeing };
}

/** Sets u of every field: exact agreement in closed form, the other levels from random pairs outside known clusters. */
export function estimateChance(
  table: RecordTable,
  parameters: readonly FieldParameters[],
  known: { random: RandomPairs; clusters: KnownClusters; clusterOf: Int32Array },
): void {
  const exact = parameters.map((_, field) => countAgreement(table, [field], known.clusters));
  parameters.forEach((field, index) => {
    const rest = spreadOfRest(known, { field: index, fieldCount: parameters.length, levels: field.levels.length });
    const agreement = shareOf(exact[index]!);
    field.u[UNKNOWN] = withExact(agreement, rest);
    field.u[AGREES] = field.u[UNKNOWN];
    field.u[DISAGREES] = field.u[UNKNOWN];
    if (field.parent < 0) return;
    const joint = shareOf(countAgreement(table, [index, field.parent], known.clusters));
    const parent = shareOf(exact[field.parent]!);
    field.u[AGREES] = withExact(Math.min(0.98, Math.max(agreement, joint / parent)), rest);
    field.u[DISAGREES] = withExact(Math.max(agreement * 0.05, (agreement - joint) / (1 - parent)), rest);
  });
}

function shareOf({ agreeing, present }: AgreementCounts): number {
  return (agreeing + 0.5) / (present + 10);
}

function withExact(exact: number, rest: readonly number[]): number[] {
  return [exact, ...rest.map((share) => share * (1 - exact))];
}

/** How pairs of different entities that do not agree exactly are spread over the other levels. */
function spreadOfRest(
  { random, clusterOf }: { random: RandomPairs; clusterOf: Int32Array },
  { field, fieldCount, levels }: { field: number; fieldCount: number; levels: number },
): number[] {
  const counts = new Array<number>(levels - 1).fill(0.3);
  for (let pair = 0; pair < random.size; pair++) {
    const level = random.levels[pair * fieldCount + field]!;
    if (level === 0 || level >= levels) continue;
    if (clusterOf[random.left[pair]!] === clusterOf[random.right[pair]!]) continue;
    counts[level - 1]!++;
  }
  return normalised(counts);
}
