import type { Comparison, Environment, UnaryTest } from './cell-tests.ts';
import { compared } from './cell-tests.ts';
import { DecisionError } from './errors.ts';
import { elementType } from './feel-functions.ts';
import type { FeelNode } from './feel-tree.ts';
import { type BaseType, compareScalars, type Scalar, type StaticType, type Value } from './values.ts';

/** A type-checked expression as a closure; no text of a table is ever turned into code. */
export interface Expression {
  type: StaticType;
  /** Set when the value is known without a row. */
  constant?: Value;
  uses_it: boolean;
  evaluate(env: Environment): Value;
}

/** The names an expression may use with their types, and the type of `?` in an input cell. */
export interface Scope {
  names: ReadonlyMap<string, StaticType>;
  it?: BaseType;
}

export interface TestScope extends Scope {
  it: BaseType;
  compile(node: FeelNode, scope: Scope): Expression;
}

/** The unary tests of a PositiveUnaryTests node, type-checked against the type of `?`. */
export function unaryTests(list_node: FeelNode, scope: TestScope): UnaryTest[] {
  return list_node.children.flatMap((node) => unaryTest(node.children[0] ?? node, scope));
}

function unaryTest(node: FeelNode, scope: TestScope): UnaryTest[] {
  if (node.name === 'SimplePositiveUnaryTest') return simpleTest(node, scope);
  if (node.name === 'ParenthesizedExpression' && node.children[1]?.name === 'SimplePositiveUnaryTest') {
    return simpleTest(node.children[1], scope);
  }
  const tested = scope.compile(node, scope);
  const element = elementType(tested.type);
  if (element) return listTests(node, tested, scope);
  if (tested.type === 'boolean' && tested.constant === undefined && (tested.uses_it || scope.it !== 'boolean')) {
    return [{ kind: 'when', holds: (env) => tested.evaluate(env) === true }];
  }
  return [against(node, '=', tested, scope)];
}

function listTests(node: FeelNode, tested: Expression, scope: TestScope): UnaryTest[] {
  if (elementType(tested.type) !== scope.it) return mismatch(node, `${tested.type} in a column of ${scope.it}`);
  if (!Array.isArray(tested.constant)) {
    return [{ kind: 'when', holds: (env) => holdsInList(tested.evaluate(env), env.it) }];
  }
  return tested.constant.map((item) => ({ kind: 'compare', operator: '=', constant: item }));
}

function holdsInList(items: Value, value: Value): boolean {
  return Array.isArray(items) && items.some((item) => compared('=', item, value as Scalar) === true);
}

function simpleTest(node: FeelNode, scope: TestScope): UnaryTest[] {
  const [first, second] = node.children as [FeelNode, FeelNode?];
  if (first.name === 'Interval') return [interval(first, scope)];
  return [against(node, first.text as Comparison, scope.compile(second!, scope), scope)];
}

function against(node: FeelNode, operator: Comparison, tested: Expression, scope: TestScope): UnaryTest {
  if (tested.type !== scope.it && tested.type !== 'null') {
    return mismatch(node, `${tested.type} in a column of ${scope.it}`);
  }
  if (tested.constant !== undefined) return { kind: 'compare', operator, constant: tested.constant as Scalar };
  const holds = (env: Environment) => compared(operator, env.it as Scalar, tested.evaluate(env) as Scalar) === true;
  return { kind: 'when', holds };
}

function interval(node: FeelNode, scope: TestScope): UnaryTest {
  const [open, low, , high, close] = node.children as [FeelNode, FeelNode, FeelNode, FeelNode, FeelNode];
  const bounds = [scope.compile(low, scope), scope.compile(high, scope)] as const;
  if (bounds.some((bound) => bound.type !== scope.it)) {
    return mismatch(node, `a range of ${bounds.map((bound) => bound.type).join('..')} in a column of ${scope.it}`);
  }
  const included = { start_included: open.text === '[', end_included: close.text === ']' };
  if (bounds.every((bound) => bound.constant !== undefined)) return constantRange(node, bounds, included);
  const holds = (env: Environment) => {
    const [start, end] = bounds.map((bound) => bound.evaluate(env)) as [Scalar, Scalar];
    const value = env.it as Scalar;
    return (
      compared(included.start_included ? '>=' : '>', value, start) === true &&
      compared(included.end_included ? '<=' : '<', value, end) === true
    );
  };
  return { kind: 'when', holds };
}

function constantRange(
  node: FeelNode,
  bounds: readonly [Expression, Expression],
  included: { start_included: boolean; end_included: boolean },
): UnaryTest {
  const [start, end] = bounds.map((bound) => bound.constant) as [NonNullable<Scalar>, NonNullable<Scalar>];
  if (compareScalars(start, end) > 0) return mismatch(node, 'the range ends before it starts:');
  return { kind: 'range', range: { start, end, ...included } };
}

export function mismatch(node: FeelNode, what: string): never {
  throw new DecisionError('FEEL_TYPE', `types do not fit: ${what} (${node.text})`, { offset: node.from });
}
