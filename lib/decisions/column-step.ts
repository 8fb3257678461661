import {
  type Classify,
  classOfText,
  type TextTable,
  textTable,
  type WholeNumberTable,
  wholeNumberTable,
} from './classify.ts';
import type { Partition } from './partition.ts';

/**
 * What is needed to classify the values of one column without a call per value, in one shape for all types: a table of
 * whole numbers, a table of texts, or the classes of true and false. What none of them knows goes to `classify`.
 */
export interface ColumnStep {
  numbers: WholeNumberTable | undefined;
  texts: TextTable | undefined;
  /** -1 where the value is not allowed or the column is not boolean. */
  when_true: number;
  when_false: number;
  classify: Classify;
}

export function columnStep(partition: Partition, classify: Classify): ColumnStep {
  const { type, class_of_segment } = partition;
  const is_boolean = type === 'boolean';
  return {
    numbers: type === 'number' || type === 'integer' ? wholeNumberTable(partition) : undefined,
    texts: type === 'string' ? textTable(partition) : undefined,
    when_true: is_boolean ? class_of_segment[3]! : -1,
    when_false: is_boolean ? class_of_segment[1]! : -1,
    classify,
  };
}

/** The class of one value; throws as `classify`. */
export function classAfter(step: ColumnStep, value: unknown): number {
  let id = -1;
  if (typeof value === 'number') id = step.numbers ? classOfWhole(step.numbers, value) : -1;
  else if (typeof value === 'string') id = step.texts ? classOfText(step.texts, value) : -1;
  else if (typeof value === 'boolean') id = value ? step.when_true : step.when_false;
  return id >= 0 ? id : step.classify(value);
}

function classOfWhole({ first, class_of_number }: WholeNumberTable, value: number): number {
  if ((value | 0) !== value) return -1;
  const slot = value - first;
  return slot >= 0 && slot < class_of_number.length ? class_of_number[slot]! : -1;
}
