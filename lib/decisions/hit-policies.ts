import type { Environment } from './cell-tests.ts';
import type { Decimal } from './decimal.ts';
import { addDecimals, decimal, formatDecimal } from './decimal.ts';
import { DecisionError, withPlace } from './errors.ts';
import type { Expression } from './feel-unary.ts';
import type { Aggregation, Output, OutputValue } from './model.ts';
import { checkOutput, outputPlace, type TableParts } from './table-parts.ts';
import { baseType, compareScalars, equalScalars, outputValue, type Scalar } from './values.ts';

/** What a table says about one row. */
export interface Verdict {
  table: string;
  outcome: 'matched' | 'default' | 'none';
  /** The rules that gave the output, counted from 1, in the order of the output. */
  rules: number[];
  output: Output;
}

interface Hit {
  rule: number;
  values: Scalar[];
}

/**
 * The verdict of the rules that matched (from 0, in table order), per hit policy (DMN 1.5 §8.2.11).
 * Errors: RULES_CONFLICT, DIVISION_BY_ZERO, OUTPUT_NOT_ALLOWED, each with rule and cell.
 */
export function verdictOf(parts: TableParts, rules: number[], env: Environment): Verdict {
  const table = parts.table.id;
  if (rules.length === 0) return withoutHits(parts, env);
  const hits = rules.map((rule) => ({ rule, values: ruleValues(parts, rule, env) }));
  const chosen = chosenHits(parts, hits);
  const output = parts.table.aggregation
    ? aggregated(parts, parts.table.aggregation, chosen)
    : shapedOutput(parts, chosen);
  return { table, outcome: 'matched', rules: chosen.map((hit) => hit.rule + 1), output };
}

/** True when the verdict of these rules is the same for every row. */
export function isConstantVerdict(parts: TableParts, rules: number[]): boolean {
  const constant = (values: Expression[]) => values.every((value) => value.constant !== undefined);
  return rules.length === 0
    ? !parts.defaults || constant(parts.defaults)
    : rules.every((rule) => constant(parts.rules[rule]!.values));
}

/** True when the hit policy answers with a list. */
export function isListTable(table: TableParts['table']): boolean {
  return (table.hit_policy === 'R' || table.hit_policy === 'O' || table.hit_policy === 'C') && !table.aggregation;
}

function withoutHits(parts: TableParts, env: Environment): Verdict {
  const table = parts.table.id;
  if (parts.defaults) {
    const values = parts.defaults.map((expression, i) => outputAt(parts, i, expression, env));
    return { table, outcome: 'default', rules: [], output: record(parts, values) };
  }
  return { table, outcome: 'none', rules: [], output: parts.table.aggregation === '#' ? '0' : null };
}

function ruleValues(parts: TableParts, rule: number, env: Environment): Scalar[] {
  return parts.rules[rule]!.values.map((expression, i) =>
    withPlace({ table: parts.table.id, ...outputPlace(parts.table, rule, i) }, () =>
      outputAt(parts, i, expression, env),
    ),
  );
}

function outputAt(parts: TableParts, i: number, expression: Expression, env: Environment): Scalar {
  const value = withPlace({ table: parts.table.id, cell: parts.outputs[i]!.output.name }, () =>
    expression.evaluate(env),
  );
  return expression.constant === undefined ? checkOutput(parts.outputs[i]!, value as Scalar) : (value as Scalar);
}

function chosenHits(parts: TableParts, hits: Hit[]): Hit[] {
  switch (parts.table.hit_policy) {
    case 'U':
      if (hits.length > 1) conflict(parts, hits, 'and the table allows only one');
      return hits;
    case 'A':
      requireSameValues(parts, hits);
      return hits;
    case 'F':
      return hits.slice(0, 1);
    case 'P':
      return byPriority(parts, hits).slice(0, 1);
    case 'O':
      return byPriority(parts, hits);
    default:
      return hits;
  }
}

function requireSameValues(parts: TableParts, hits: Hit[]): void {
  const [first, ...others] = hits as [Hit, ...Hit[]];
  for (const other of others) {
    const cell = other.values.findIndex((value, i) => !equalScalars(value, first.values[i]!));
    if (cell >= 0) conflict(parts, [first, other], 'with different outputs', parts.outputs[cell]!.output.name);
  }
}

function conflict(parts: TableParts, hits: Hit[], why: string, cell?: string): never {
  const rules = hits.map((hit) => hit.rule + 1);
  const place = { table: parts.table.id, rule: rules[1]!, ...(cell === undefined ? {} : { cell }) };
  throw new DecisionError('RULES_CONFLICT', `rules ${rules.join(', ')} matched ${why}`, place);
}

/** Allowed values rank first to last; outputs count from left to right; equals keep the order of the rules. */
function byPriority(parts: TableParts, hits: Hit[]): Hit[] {
  const rank = (value: Scalar, allowed: Scalar[] | undefined) => {
    const found = allowed?.findIndex((item) => equalScalars(item, value)) ?? 0;
    return found < 0 ? Number.MAX_SAFE_INTEGER : found;
  };
  return [...hits].sort((a, b) => {
    const ranks = parts.outputs.map((part, i) => rank(a.values[i]!, part.allowed) - rank(b.values[i]!, part.allowed));
    return ranks.find((difference) => difference !== 0) ?? 0;
  });
}

function shapedOutput(parts: TableParts, hits: Hit[]): Output {
  const outputs = hits.map((hit) => record(parts, hit.values));
  return isListTable(parts.table) ? outputs : outputs[0]!;
}

function record(parts: TableParts, values: Scalar[]): OutputValue | { [name: string]: OutputValue } {
  const plain = values.map((value, i) => outputValue(baseType(parts.outputs[i]!.output.type), value));
  if (plain.length === 1) return plain[0]!;
  return Object.fromEntries(parts.outputs.map((part, i) => [part.output.name, plain[i]!]));
}

function aggregated(parts: TableParts, aggregation: Aggregation, hits: Hit[]): OutputValue {
  if (aggregation === '#') return formatDecimal(decimal(hits.length));
  const values = hits.map((hit) => hit.values[0] ?? null);
  if (values.includes(null)) return null;
  const total = (values as NonNullable<Scalar>[]).reduce((result, value) => {
    if (aggregation === '+') return addDecimals(result as Decimal, value as Decimal);
    const keeps = compareScalars(result, value) <= 0 === (aggregation === '<');
    return keeps ? result : value;
  });
  return outputValue(baseType(parts.outputs[0]!.output.type), total);
}
