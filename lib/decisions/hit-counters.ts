import { type CompiledTable, readColumn } from './compile-table.ts';
import type { Row } from './model.ts';

/** How often rules and cells of a table matched. Counting is opt-in: it reads every cell of every row. */
export interface HitCounters {
  table: string;
  rows: number;
  /** Rows answered by the default outputs, and by nothing at all. */
  defaults: number;
  none: number;
  /** By rule: rows for which it gave the output. */
  rules: number[];
  /** By rule and input column: rows for which that cell alone matched. */
  cells: number[][];
}

export function createHitCounters({ table }: CompiledTable): HitCounters {
  const rules = table.rules.map(() => 0);
  return {
    table: table.id,
    rows: 0,
    defaults: 0,
    none: 0,
    rules,
    cells: table.rules.map(() => table.inputs.map(() => 0)),
  };
}

/** Decides the row and counts it, `times` for equal rows at once. One that cannot be decided throws as `decide` does and is not counted. */
export function countHits(compiled: CompiledTable, counters: HitCounters, row: Row, times = 1): void {
  const verdict = compiled.decide(row);
  const columns = compiled.table.inputs.map((_, column) => readColumn(compiled, row, column));
  counters.rows += times;
  if (verdict.outcome === 'default') counters.defaults += times;
  if (verdict.outcome === 'none') counters.none += times;
  for (const rule of verdict.rules) counters.rules[rule - 1]! += times;
  for (const [column, { matches }] of columns.entries()) {
    for (const [rule, matched] of matches.entries()) if (matched) counters.cells[rule]![column]! += times;
  }
}

/** The sum of counters of one table, kept by several processes. */
export function mergeHitCounters(a: HitCounters, b: HitCounters): HitCounters {
  return {
    table: a.table,
    rows: a.rows + b.rows,
    defaults: a.defaults + b.defaults,
    none: a.none + b.none,
    rules: a.rules.map((count, i) => count + b.rules[i]!),
    cells: a.cells.map((counts, rule) => counts.map((count, i) => count + b.cells[rule]![i]!)),
  };
}
