import { type ColumnStep, classAfter } from './column-step.ts';
import { withPlace } from './errors.ts';

/** One step of a batch through a decision diagram: the next state of every row by the value of one column. */
export interface BatchStep {
  states: Int32Array;
  layer: { class_count: number; next: Int32Array };
  values: ArrayLike<unknown>;
  column: ColumnStep;
}

/** Advances all rows; an error names the index of its row. */
export function advanceStates({ states, layer, values, column }: BatchStep): void {
  const { class_count, next } = layer;
  let i = 0;
  const step = () => {
    for (; i < states.length; i++) states[i] = next[states[i]! * class_count + classAfter(column, values[i])]!;
  };
  try {
    step();
  } catch (error) {
    atRow(i, () => {
      throw error;
    });
  }
}

/** Adds the index of the row to an error's place. */
export function atRow<T>(row: number, work: () => T): T {
  return withPlace({ row }, work);
}
