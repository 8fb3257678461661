import type { RecordTable } from '../records/table.ts';
import { atomColumn, type BlockingAtom, type BlockingRule, ruleKeys } from './rules.ts';

/** What to compare: pairs joined by a rule, or every pair. */
export interface BlockingPlan {
  rules: readonly BlockingRule[];
  /** Compare all pairs; the rules then only tell which pairs to learn from. */
  exhaustive: boolean;
  /** Blocks with more records than this are left out; the report counts them. */
  largest_block: number;
}

export interface SkippedBlocks {
  blocks: number;
  pairs: number;
}

/** Called once for each pair; bit r of the mask is set when rule r joins it. */
export type PairVisitor = (left: number, right: number, ruleMask: number) => void;

/**
 * Visits every candidate pair once, left row < right row; in linking only pairs of different sources. Needs memory for the records'
 * keys, none for the pairs: a pair is visited under the first rule that joins it.
 */
export function visitCandidates(table: RecordTable, plan: BlockingPlan, visit: PairVisitor): SkippedBlocks {
  const joined = createJoinedRules(table, plan.rules);
  if (plan.exhaustive) return visitAllPairs(table, joined, visit);
  const skipped: SkippedBlocks = { blocks: 0, pairs: 0 };
  plan.rules.forEach((rule, index) => {
    const keys = ruleKeys(joined.columnsOf(rule), table.size);
    forEachBlock(keys, (rows) => {
      if (rows.length > plan.largest_block) {
        skipped.blocks++;
        skipped.pairs += (rows.length * (rows.length - 1)) / 2;
        joined.skip(index, rows);
        return;
      }
      visitBlock({ table, rows, joined, index, visit });
    });
  });
  return skipped;
}

/** True when the table holds two inputs that are to be linked with each other. */
export function isLinking(table: RecordTable): boolean {
  return table.size > 0 && table.sources[0] !== table.sources[table.size - 1];
}

/** Number of pairs that could match at all. */
export function countAllPairs(table: RecordTable): number {
  if (!isLinking(table)) return (table.size * (table.size - 1)) / 2;
  let first = 0;
  for (const source of table.sources) if (source === 0) first++;
  return first * (table.size - first);
}

interface JoinedRules {
  maskOf(left: number, right: number): number;
  columnsOf(rule: BlockingRule): Int32Array[];
  skip(rule: number, rows: Int32Array): void;
}

function createJoinedRules(table: RecordTable, rules: readonly BlockingRule[]): JoinedRules {
  const columns = new Map<string, Int32Array>();
  const columnOf = (atom: BlockingAtom): Int32Array => {
    const name = `${atom.field}:${atom.slot}`;
    const known = columns.get(name) ?? atomColumn(table, atom);
    columns.set(name, known);
    return known;
  };
  const ruleColumns = rules.map((rule) => rule.atoms.map(columnOf));
  const skippedRows: (Uint8Array | undefined)[] = rules.map(() => undefined);
  const joins = (rule: number, left: number, right: number): boolean => {
    for (const column of ruleColumns[rule]!) if (column[left] === 0 || column[left] !== column[right]) return false;
    return skippedRows[rule]?.[left] !== 1;
  };
  return {
    columnsOf: (rule) => rule.atoms.map(columnOf),
    maskOf(left, right) {
      let mask = 0;
      for (let rule = 0; rule < ruleColumns.length; rule++) if (joins(rule, left, right)) mask |= 1 << rule;
      return mask;
    },
    skip(rule, rows) {
      const marks = skippedRows[rule] ?? new Uint8Array(table.size);
      for (const row of rows) marks[row] = 1;
      skippedRows[rule] = marks;
    },
  };
}

interface Block {
  table: RecordTable;
  rows: Int32Array;
  joined: JoinedRules;
  index: number;
  visit: PairVisitor;
}

function visitBlock({ table, rows, joined, index, visit }: Block): void {
  const linking = isLinking(table);
  const earlier = (1 << index) - 1;
  for (let i = 0; i < rows.length; i++) {
    for (let j = i + 1; j < rows.length; j++) {
      const [left, right] = [rows[i]!, rows[j]!];
      if (linking && table.sources[left] === table.sources[right]) continue;
      const mask = joined.maskOf(left, right);
      if ((mask & (1 << index)) !== 0 && (mask & earlier) === 0) visit(left, right, mask);
    }
  }
}

function visitAllPairs(table: RecordTable, joined: JoinedRules, visit: PairVisitor): SkippedBlocks {
  const linking = isLinking(table);
  for (let left = 0; left < table.size; left++) {
    for (let right = left + 1; right < table.size; right++) {
      if (linking && table.sources[left] === table.sources[right]) continue;
      visit(left, right, joined.maskOf(left, right));
    }
  }
  return { blocks: 0, pairs: 0 };
}

/** Calls back with the rows (ascending) of every key that two or more records share; key 0 is none. */
export function forEachBlock(keys: Int32Array, visit: (rows: Int32Array) => void): void {
  const order = rowsByKey(keys);
  let start = 0;
  while (start < order.length) {
    const key = keys[order[start]!]!;
    let end = start + 1;
    while (end < order.length && keys[order[end]!] === key) end++;
    if (key !== 0 && end - start > 1) visit(order.subarray(start, end));
    start = end;
  }
}

/** Row numbers in order of their keys, equal keys in order of rows: two passes of a counting sort over 16 bits. */
function rowsByKey(keys: Int32Array): Int32Array {
  let order = Int32Array.from(keys, (_, row) => row);
  for (const shift of [0, 16]) {
    const starts = new Int32Array(65_537);
    for (const key of keys) starts[((key >>> shift) & 0xffff) + 1]!++;
    for (let digit = 0; digit < 65_536; digit++) starts[digit + 1]! += starts[digit]!;
    const sorted = new Int32Array(keys.length);
    for (const row of order) sorted[starts[(keys[row]! >>> shift) & 0xffff]!++] = row;
    order = sorted;
  }
  return order;
}
