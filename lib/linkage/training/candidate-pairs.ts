import { type BlockingPlan, type SkippedBlocks, visitCandidates } from '../blocking/candidates.ts';
import {
  type PatternCounts,
  type PatternShape,
  pairComparison,
  patternNumber,
  patternShape,
} from '../records/patterns.ts';
import type { RecordTable } from '../records/table.ts';

/** Compared candidate pairs: 12 bytes a pair, and every distinct pattern once. */
export interface CandidatePairs {
  size: number;
  left: Int32Array;
  right: Int32Array;
  /** Index into the patterns. */
  pattern: Int32Array;
  patterns: PatternCounts;
  shape: PatternShape;
  skipped: SkippedBlocks;
}

export class TooManyPairsError extends Error {
  constructor(limit: number) {
    super(`blocking joins more than ${limit} pairs; use narrower rules or raise "most_pairs"`);
  }
}

/** Compares all candidate pairs of a plan. Throws TooManyPairsError above `mostPairs`, so that memory stays bounded. */
export function compareCandidates(table: RecordTable, plan: BlockingPlan, mostPairs = 60_000_000): CandidatePairs {
  const shape = patternShape(table.fields);
  const compare = pairComparison(table);
  const collector = createPatternCollector(shape);
  const levels = new Uint8Array(shape.fieldCount);
  let capacity = 1 << 16;
  let columns = { left: new Int32Array(capacity), right: new Int32Array(capacity), pattern: new Int32Array(capacity) };
  let size = 0;
  const skipped = visitCandidates(table, plan, (left, right, mask) => {
    if (size === capacity) {
      if (size * 2 > mostPairs * 2) throw new TooManyPairsError(mostPairs);
      capacity *= 2;
      columns = { left: doubled(columns.left), right: doubled(columns.right), pattern: doubled(columns.pattern) };
    }
    compare(left, right, levels);
    columns.left[size] = left;
    columns.right[size] = right;
    columns.pattern[size] = collector.add(levels, mask);
    size++;
  });
  return { size, ...columns, patterns: collector.counts(), shape, skipped };
}

interface PatternCollector {
  add(levels: Uint8Array, mask: number): number;
  counts(): PatternCounts;
}

/** Numbers distinct (pattern, rules) combinations in the order in which they come. */
export function createPatternCollector(shape: PatternShape): PatternCollector {
  const indexByMask = new Map<number, Map<number, number>>();
  const counts: number[] = [];
  const masks: number[] = [];
  const rows: Uint8Array[] = [];
  return {
    add(levels, mask) {
      let indexes = indexByMask.get(mask);
      if (indexes === undefined) {
        indexes = new Map();
        indexByMask.set(mask, indexes);
      }
      const number = patternNumber(shape, levels);
      let index = indexes.get(number);
      if (index === undefined) {
        index = counts.length;
        indexes.set(number, index);
        counts.push(0);
        masks.push(mask);
        rows.push(levels.slice());
      }
      counts[index]!++;
      return index;
    },
    counts() {
      const levels = new Uint8Array(rows.length * shape.fieldCount);
      rows.forEach((row, index) => {
        levels.set(row, index * shape.fieldCount);
      });
      return { size: rows.length, levels, counts: Float64Array.from(counts), ruleMasks: Int32Array.from(masks) };
    },
  };
}

function doubled(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}
