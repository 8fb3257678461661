import { advanceStates, atRow } from './advance-states.ts';
import type { CompiledModel } from './compile-model.ts';
import type { CompiledTable } from './compile-table.ts';
import { DecisionError } from './errors.ts';
import type { Verdict } from './hit-policies.ts';
import type { Row } from './model.ts';

/** Facts by name, one array per fact, all of one length. */
export type Columns = Readonly<Record<string, ArrayLike<unknown>>>;

/** Verdicts of a batch, stored once each: row i has `verdicts[verdict_of_row[i]]`. */
export interface BatchVerdicts {
  verdict_of_row: Int32Array;
  verdicts: Verdict[];
}

/**
 * Decides a batch given as columns: the fast way for millions of rows, and ready for counting by verdict.
 * Errors as for one row, with the index of the row in the place; nothing is returned then.
 */
export function evaluateColumns(
  model: CompiledModel,
  decision_id: string,
  columns: Columns,
  length: number,
): BatchVerdicts {
  const compiled = model.table(decision_id);
  const rowAt = (i: number): Row =>
    Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, column[i]]));
  if (!compiled.diagram) return rowByRow(length, (i) => atRow(i, () => compiled.decide(rowAt(i))));
  const states = statesOf(compiled, columns, length, rowAt);
  return settled(compiled, states, rowAt);
}

function statesOf(compiled: CompiledTable, columns: Columns, length: number, rowAt: (i: number) => Row): Int32Array {
  const states = new Int32Array(length);
  compiled.diagram!.layers.forEach((layer, column) => {
    const source = compiled.sources[column]!;
    const values = source.fact === undefined ? undefined : columns[source.fact];
    if (source.fact !== undefined && !values) throw missingColumn(compiled, source.fact);
    const classify = compiled.classifiers[column]!;
    if (values) advanceStates({ states, layer, values, column: compiled.steps[column]! });
    else {
      const classes = Array.from({ length }, (_, i) => atRow(i, () => classify(freshRead(compiled, column, rowAt(i)))));
      states.forEach((state, i) => {
        states[i] = layer.next[state * layer.class_count + classes[i]!]!;
      });
    }
  });
  return states;
}

function freshRead(compiled: CompiledTable, column: number, row: Row): unknown {
  compiled.beginRow();
  return compiled.sources[column]!.read(row);
}

/** Most states have one verdict for all rows; the others are worked out row by row. */
function settled(compiled: CompiledTable, states: Int32Array, rowAt: (i: number) => Row): BatchVerdicts {
  const verdict_of_row = new Int32Array(states.length);
  const verdicts: Verdict[] = [];
  const index_of_state = new Int32Array(compiled.diagram!.hits.length).fill(-1);
  for (let i = 0; i < states.length; i++) {
    const state = states[i]!;
    const known = index_of_state[state]!;
    if (known >= 0) {
      verdict_of_row[i] = known;
      continue;
    }
    compiled.beginRow();
    let row: Row | undefined;
    const verdict = atRow(i, () => compiled.settle(state, () => (row ??= rowAt(i))));
    verdict_of_row[i] = verdicts.push(verdict) - 1;
    if (Object.isFrozen(verdict)) index_of_state[state] = verdict_of_row[i]!;
  }
  return { verdict_of_row, verdicts };
}

function rowByRow(length: number, decide: (i: number) => Verdict): BatchVerdicts {
  const verdicts = Array.from({ length }, (_, i) => decide(i));
  return { verdict_of_row: Int32Array.from({ length }, (_, i) => i), verdicts };
}

function missingColumn(compiled: CompiledTable, fact: string): DecisionError {
  return new DecisionError('INPUT_MISSING', `there is no column ${JSON.stringify(fact)}`, {
    table: compiled.table.id,
    cell: fact,
  });
}
