import { type BaseType, compareScalars, equalScalars, type Scalar, type Value } from './values.ts';

/** What an expression may look at: the value under test (FEEL's `?`) and the facts by name. */
export interface Environment {
  it: Value;
  get(name: string): Value;
}

export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

/** One unary test against constants, or a computed one (`when`) that may look at other facts. */
export type UnaryTest =
  | { kind: 'compare'; operator: Comparison; constant: Scalar }
  | { kind: 'range'; range: Range }
  | { kind: 'when'; holds(env: Environment): boolean };

export interface Range {
  start: NonNullable<Scalar>;
  end: NonNullable<Scalar>;
  start_included: boolean;
  end_included: boolean;
}

/** An input cell: matches when any test holds, or, negated, when none does. No tests at all means `-`. */
export interface CellTest {
  text: string;
  type: BaseType;
  negated: boolean;
  tests: UnaryTest[];
}

/** True when the cell's verdict depends on nothing but the value under test, compared with constants. */
export function isConstantCell(cell: CellTest): boolean {
  return cell.tests.every((test) => test.kind !== 'when');
}

export function isWildcard(cell: CellTest): boolean {
  return cell.tests.length === 0 && !cell.negated;
}

/** Whether the cell matches `env.it` (DMN 1.5 §7.3.5: a null comparison is no match, also under `not`). */
export function cellMatches(cell: CellTest, env: Environment): boolean {
  if (isWildcard(cell)) return true;
  return cell.tests.some((test) => testHolds(test, env)) !== cell.negated;
}

export function testHolds(test: UnaryTest, env: Environment): boolean {
  if (test.kind === 'when') return test.holds(env);
  const value = env.it;
  if (Array.isArray(value)) return false;
  if (test.kind === 'range') return inRange(test.range, value);
  return compared(test.operator, value, test.constant) === true;
}

export function inRange(range: Range, value: Scalar): boolean {
  if (value === null) return false;
  const from_start = compareScalars(value, range.start);
  const from_end = compareScalars(value, range.end);
  return (
    (range.start_included ? from_start >= 0 : from_start > 0) && (range.end_included ? from_end <= 0 : from_end < 0)
  );
}

/** FEEL's comparison of two values of one type: null equals only null, and is neither less nor greater (null). */
export function compared(operator: Comparison, a: Scalar, b: Scalar): boolean | null {
  if (operator === '=') return equalScalars(a, b);
  if (operator === '!=') return !equalScalars(a, b);
  if (a === null || b === null) return null;
  const order = compareScalars(a, b);
  if (operator === '<') return order < 0;
  if (operator === '<=') return order <= 0;
  return operator === '>' ? order > 0 : order >= 0;
}
