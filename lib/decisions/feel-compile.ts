import { type CellTest, type Comparison, cellMatches, compared, type Environment } from './cell-tests.ts';
import { addDecimals, type Decimal, divideDecimals, multiplyDecimals, negateDecimal } from './decimal.ts';
import { DecisionError, withPlace } from './errors.ts';
import { elementType, FEEL_FUNCTIONS, listType } from './feel-functions.ts';
import { numberLiteral, stringLiteral, temporalLiteral } from './feel-literals.ts';
import { type FeelNode, parseFeel, parseTests } from './feel-tree.ts';
import { type Expression, mismatch, type Scope, unaryTests } from './feel-unary.ts';
import { type BaseType, compareScalars, type Scalar, type StaticType, type Value } from './values.ts';

/**
 * Parses and type-checks a FEEL expression.
 * Errors: FEEL_SYNTAX, FEEL_UNSUPPORTED, FEEL_TYPE, UNKNOWN_NAME, each with the offset in the text.
 */
export function compileExpression(text: string, scope: Scope): Expression {
  const node = parseFeel(text, scope.names.keys());
  return expression(node.children.length === 1 ? node.children[0]! : refuse(node, 'it is not one expression'), scope);
}

/** Parses and type-checks an input cell against the type of its column. Errors as compileExpression. */
export function compileCell(text: string, type: BaseType, scope: Scope): CellTest {
  if (text.trim() === '' || text.trim() === '-') return { text: '-', type, negated: false, tests: [] };
  const root = parseTests(text, scope.names.keys());
  const negated = root.children[0]?.name === 'not';
  const list = root.children.find((child) => child.name === 'PositiveUnaryTests');
  if (!list) return refuse(root, 'it is not a list of unary tests');
  return { text, type, negated, tests: unaryTests(list, { ...scope, it: type, compile: expression }) };
}

const NODES: Record<string, (node: FeelNode, scope: Scope) => Expression> = {
  NumericLiteral: (node) => constant('number', numberLiteral(node)),
  StringLiteral: (node) => constant('string', stringLiteral(node)),
  BooleanLiteral: (node) => constant('boolean', node.text === 'true'),
  DateTimeLiteral: (node) => {
    const { type, value } = temporalLiteral(node);
    return constant(type, value);
  },
  null: () => constant('null', null),
  '?': (node, scope) => (scope.it ? itself(scope.it) : refuse(node, '? has a meaning only in an input cell')),
  VariableName: variable,
  PathExpression: variable,
  ParenthesizedExpression: (node, scope) => expression(node.children[1]!, scope),
  ArithmeticExpression: arithmetic,
  Comparison: comparison,
  Conjunction: (node, scope) => logical(node, scope, false),
  Disjunction: (node, scope) => logical(node, scope, true),
  IfExpression: conditional,
  FunctionInvocation: invocation,
  List: list,
};

function expression(node: FeelNode, scope: Scope): Expression {
  const build = Object.hasOwn(NODES, node.name) ? NODES[node.name] : undefined;
  return build ? build(node, scope) : refuse(node, `${node.name} is not supported here`);
}

function constant(type: StaticType, value: Value): Expression {
  return { type, constant: value, uses_it: false, evaluate: () => value };
}

function itself(type: BaseType): Expression {
  return { type, uses_it: true, evaluate: (env) => env.it };
}

function variable(node: FeelNode, scope: Scope): Expression {
  const name = node.text.replace(/\s+/g, ' ');
  const type = scope.names.get(name);
  if (type) return { type, uses_it: false, evaluate: (env) => env.get(name) };
  throw new DecisionError('UNKNOWN_NAME', `there is no input or required decision ${JSON.stringify(name)}`, {
    offset: node.from,
  });
}

/** An expression over parts; computed at once when all of them are constant. Errors gain the offset of the node. */
function derived(
  node: FeelNode,
  type: StaticType,
  parts: Expression[],
  compute: (values: Value[]) => Value,
): Expression {
  const computed = (values: Value[]) => withPlace({ offset: node.from }, () => compute(values));
  if (parts.every((part) => part.constant !== undefined)) {
    return constant(type, computed(parts.map((part) => part.constant!)));
  }
  const uses_it = parts.some((part) => part.uses_it);
  return { type, uses_it, evaluate: (env) => computed(parts.map((part) => part.evaluate(env))) };
}

const OPERATIONS: Record<string, (a: Decimal, b: Decimal) => Decimal> = {
  '+': addDecimals,
  '-': (a, b) => addDecimals(a, negateDecimal(b)),
  '*': multiplyDecimals,
  '/': divideDecimals,
};

function arithmetic(node: FeelNode, scope: Scope): Expression {
  if (node.children.length === 2) return negation(node, scope);
  const [left, operator, right] = node.children as [FeelNode, FeelNode, FeelNode];
  const operands = [expression(left, scope), expression(right, scope)];
  const types = operands.map((operand) => operand.type);
  const compute = OPERATIONS[operator.text];
  if (operator.text === '+' && types.every((type) => type === 'string')) {
    return derived(
      node,
      'string',
      operands,
      nullSafe(([a, b]) => `${a}${b}`),
    );
  }
  if (!compute) return refuse(operator, `the operator ${operator.text} is not supported`);
  if (!types.every((type) => type === 'number'))
    return mismatch(node, `${operator.text} combines ${types.join(' and ')}`);
  return derived(
    node,
    'number',
    operands,
    nullSafe(([a, b]) => compute(a as Decimal, b as Decimal)),
  );
}

function negation(node: FeelNode, scope: Scope): Expression {
  const operand = expression(node.children[1]!, scope);
  if (operand.type !== 'number') return mismatch(node, `the sign of ${operand.type}`);
  return derived(
    node,
    'number',
    [operand],
    nullSafe(([value]) => negateDecimal(value as Decimal)),
  );
}

function nullSafe(compute: (values: Value[]) => Value): (values: Value[]) => Value {
  return (values) => (values.includes(null) ? null : compute(values));
}

function comparison(node: FeelNode, scope: Scope): Expression {
  const operator = node.children[1]!;
  if (operator.name === 'in') return membership(node, scope);
  if (operator.name === 'between') return between(node, scope);
  const operands = [expression(node.children[0]!, scope), expression(node.children[2]!, scope)];
  requireComparable(node, operands);
  const symbol = operator.text as Comparison;
  return derived(node, 'boolean', operands, ([a, b]) => compared(symbol, a as Scalar, b as Scalar));
}

function between(node: FeelNode, scope: Scope): Expression {
  const operands = [0, 2, 4].map((i) => expression(node.children[i]!, scope));
  requireComparable(node, operands);
  return derived(
    node,
    'boolean',
    operands,
    nullSafe(([value, low, high]) => {
      const [item, start, end] = [value, low, high] as [string, string, string];
      return compareScalars(item, start) >= 0 && compareScalars(item, end) <= 0;
    }),
  );
}

function membership(node: FeelNode, scope: Scope): Expression {
  const operand = expression(node.children[0]!, scope);
  if (operand.type === 'null' || elementType(operand.type)) return mismatch(node, `${operand.type} in tests`);
  const type = operand.type as BaseType;
  const tests = unaryTests(
    node.children.length === 3 ? { ...node, children: [node.children[2]!] } : node.children[3]!,
    {
      ...scope,
      it: type,
      compile: expression,
    },
  );
  const cell: CellTest = { text: node.text, type, negated: false, tests };
  return {
    type: 'boolean',
    uses_it: operand.uses_it,
    evaluate: (env) => cellMatches(cell, { it: operand.evaluate(env), get: env.get }),
  };
}

function logical(node: FeelNode, scope: Scope, decisive: boolean): Expression {
  const operands = [expression(node.children[0]!, scope), expression(node.children[2]!, scope)];
  requireType(node, operands, 'boolean');
  return derived(node, 'boolean', operands, (values) => {
    if (values.includes(decisive)) return decisive;
    return values.includes(null) ? null : !decisive;
  });
}

function conditional(node: FeelNode, scope: Scope): Expression {
  const [condition, when_true, when_false] = [1, 3, 5].map((i) => expression(node.children[i]!, scope)) as [
    Expression,
    Expression,
    Expression,
  ];
  requireType(node, [condition], 'boolean');
  const type = when_true.type === 'null' ? when_false.type : when_true.type;
  requireType(node, [when_true, when_false], type);
  const uses_it = [condition, when_true, when_false].some((part) => part.uses_it);
  const evaluate = (env: Environment) => (condition.evaluate(env) === true ? when_true : when_false).evaluate(env);
  return { type, uses_it, evaluate };
}

function invocation(node: FeelNode, scope: Scope): Expression {
  const [head, , parameters] = node.children as [FeelNode, FeelNode, FeelNode];
  const name = head.text.replace(/\s+/g, ' ');
  if (parameters?.name !== 'PositionalParameters') return refuse(node, 'only positional parameters are supported');
  const args = parameters.children.map((child) => expression(child, scope));
  if (name === 'not') {
    requireType(node, args, 'boolean');
    return derived(
      node,
      'boolean',
      args.slice(0, 1),
      nullSafe(([value]) => !value),
    );
  }
  const built_in = FEEL_FUNCTIONS.get(name) ?? refuse(head, `the function ${JSON.stringify(name)} is not supported`);
  const type = built_in.result(args.map((arg) => arg.type));
  if (!type) return mismatch(node, `${name} of ${args.map((arg) => arg.type).join(', ')}`);
  return derived(node, type, args, nullSafe(built_in.compute));
}

function list(node: FeelNode, scope: Scope): Expression {
  const items = node.children.slice(1, -1).map((child) => expression(child, scope));
  const type = items.find((item) => item.type !== 'null')?.type;
  if (!type || type === 'null' || elementType(type)) return mismatch(node, 'an empty or nested list');
  requireType(node, items, type);
  return derived(node, listType(type as BaseType), items, (values) => values as Scalar[]);
}

function requireComparable(node: FeelNode, operands: Expression[]): void {
  const types = operands.map((operand) => operand.type).filter((type) => type !== 'null');
  if (types.some((type) => type !== types[0] || elementType(type)))
    mismatch(node, `${types.join(' compared with ')} in`);
}

function requireType(node: FeelNode, operands: Expression[], type: StaticType): void {
  const other = operands.find((operand) => operand.type !== type && operand.type !== 'null');
  if (other) mismatch(node, `expected ${type}, found ${other.type} in`);
}

function refuse(node: FeelNode, why: string): never {
  throw new DecisionError('FEEL_UNSUPPORTED', `${node.text}: ${why}`, { offset: node.from });
}
