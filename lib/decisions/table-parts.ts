import type { CellTest } from './cell-tests.ts';
import { type Decimal, isWhole } from './decimal.ts';
import { DecisionError, type Place, withPlace } from './errors.ts';
import { compileCell, compileExpression } from './feel-compile.ts';
import type { Expression, Scope } from './feel-unary.ts';
import type { DecisionTable, TableInput, TableOutput } from './model.ts';
import { baseType, equalScalars, feelText, type Scalar } from './values.ts';

/** A table with every cell parsed and type-checked. */
export interface TableParts {
  table: DecisionTable;
  inputs: { input: TableInput; source: Expression; allowed?: CellTest }[];
  outputs: { output: TableOutput; allowed?: Scalar[] }[];
  rules: { cells: CellTest[]; values: Expression[] }[];
  defaults?: Expression[];
}

/** What to do with an error in a table: throw it, or note it and go on with the next cell. */
export type OnError = (error: DecisionError) => void;

export function throwError(error: DecisionError): never {
  throw error;
}

/** Parses every cell; undefined when `onError` noted at least one error instead of throwing it. */
export function parseTable(table: DecisionTable, scope: Scope, onError: OnError): TableParts | undefined {
  let failed = false;
  const attempt = <T>(place: Place, work: () => T): T => {
    try {
      return withPlace({ table: table.id, ...place }, work);
    } catch (error) {
      if (!(error instanceof DecisionError)) throw error;
      failed = true;
      onError(error);
      return undefined as T;
    }
  };
  attempt({}, () => checkShape(table));
  if (failed) return undefined;
  const inputs = table.inputs.map((input) => attempt({ cell: input.expression }, () => inputPart(input, scope)));
  const outputs = table.outputs.map((output) => attempt({ cell: output.name }, () => outputPart(output)));
  const rules = table.rules.map((rule, r) => ({
    cells: rule.inputs.map((text, i) =>
      attempt(inputPlace(table, r, i), () => compileCell(text, baseType(table.inputs[i]!.type), scope)),
    ),
    values: rule.outputs.map((text, i) =>
      attempt(outputPlace(table, r, i), () =>
        outputExpression(text, outputs[i] ?? { output: table.outputs[i]! }, scope),
      ),
    ),
  }));
  const defaults = defaultParts(outputs, scope, attempt);
  return failed ? undefined : { table, inputs, outputs, rules, ...(defaults ? { defaults } : {}) };
}

export function inputPlace(table: DecisionTable, rule: number, input: number): Place {
  return { rule: rule + 1, cell: table.inputs[input]!.expression };
}

export function outputPlace(table: DecisionTable, rule: number, output: number): Place {
  return { rule: rule + 1, cell: table.outputs[output]!.name };
}

/** Refuses a computed output that its column does not allow. */
export function checkOutput(part: { output: TableOutput; allowed?: Scalar[] }, value: Scalar): Scalar {
  const { output, allowed } = part;
  if (output.type === 'integer' && value !== null && !isWhole(value as Decimal)) {
    throw new DecisionError('FEEL_TYPE', `expected a whole number, found ${feelText('number', value)}`, {
      cell: output.name,
    });
  }
  if (allowed && value !== null && !allowed.some((item) => equalScalars(item, value))) {
    const found = feelText(baseType(output.type), value);
    throw new DecisionError('OUTPUT_NOT_ALLOWED', `${found} is not among ${output.allowed_values}`, {
      cell: output.name,
    });
  }
  return value;
}

function checkShape(table: DecisionTable): void {
  const shape = (message: string, place: Place = {}) => {
    throw new DecisionError('TABLE_SHAPE', message, place);
  };
  if (table.inputs.length === 0) shape('a table needs at least one input');
  if (table.outputs.length === 0) shape('a table needs at least one output');
  const names = table.outputs.map((output) => output.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) shape(`two outputs are called ${JSON.stringify(twice)}`, { cell: twice });
  table.rules.forEach((rule, r) => {
    const found = [rule.inputs.length, rule.outputs.length];
    if (found[0] === table.inputs.length && found[1] === table.outputs.length) return;
    const expected = `${table.inputs.length} input and ${table.outputs.length} output cells`;
    shape(`expected ${expected}, found ${found[0]} and ${found[1]}`, { rule: r + 1 });
  });
  checkHitPolicy(table);
}

function checkHitPolicy(table: DecisionTable): void {
  const refuse = (message: string) => {
    throw new DecisionError('HIT_POLICY', message);
  };
  const { hit_policy, aggregation, outputs } = table;
  if ((hit_policy === 'P' || hit_policy === 'O') && !outputs.some((output) => output.allowed_values)) {
    refuse('priorities come from the order of an output’s allowed values, and no output has any');
  }
  if (!aggregation) return;
  if (hit_policy !== 'C') refuse(`only a collect table aggregates, this one is ${hit_policy}`);
  if (outputs.length !== 1) refuse('an aggregation needs exactly one output');
  const type = outputs[0]!.type;
  if (aggregation === '+' && baseType(type) !== 'number') refuse(`a sum needs numbers, the output is ${type}`);
  if (aggregation !== '#' && type === 'boolean') refuse('true and false have no minimum or maximum');
}

function inputPart(input: TableInput, scope: Scope): TableParts['inputs'][number] {
  const source = compileExpression(input.expression, scope);
  const type = baseType(input.type);
  if (source.type !== type && source.type !== 'null') {
    throw new DecisionError('FEEL_TYPE', `the column is ${input.type}, its expression is ${source.type}`);
  }
  if (!input.allowed_values?.trim()) return { input, source };
  return { input, source, allowed: constantCell(input.allowed_values, input) };
}

function constantCell(text: string, column: { type: TableInput['type'] }): CellTest {
  const cell = compileCell(text, baseType(column.type), { names: new Map() });
  if (cell.tests.some((test) => test.kind === 'when')) {
    throw new DecisionError('FEEL_UNSUPPORTED', `allowed values must be constants, found ${text}`);
  }
  return cell;
}

function outputPart(output: TableOutput): TableParts['outputs'][number] {
  if (!output.allowed_values?.trim()) return { output };
  const cell = constantCell(output.allowed_values, output);
  const allowed = cell.tests.map((test) => {
    if (test.kind === 'compare' && test.operator === '=' && !cell.negated) return test.constant;
    throw new DecisionError('FEEL_UNSUPPORTED', `allowed values of an output must be literals, found ${cell.text}`);
  });
  return { output, allowed };
}

function outputExpression(text: string, part: TableParts['outputs'][number], scope: Scope): Expression {
  const expression = compileExpression(text.trim() === '' || text.trim() === '-' ? 'null' : text, scope);
  const type = baseType(part.output.type);
  if (expression.type !== type && expression.type !== 'null') {
    throw new DecisionError('FEEL_TYPE', `expected ${part.output.type}, found ${expression.type} (${text})`);
  }
  if (expression.constant !== undefined) checkOutput(part, expression.constant as Scalar);
  return expression;
}

/** Defaults hold together: with one output defaulted the others are null. */
function defaultParts(
  outputs: TableParts['outputs'],
  scope: Scope,
  attempt: <T>(place: Place, work: () => T) => T,
): Expression[] | undefined {
  if (!outputs.some((part) => part?.output.default?.trim())) return undefined;
  return outputs.map((part) =>
    attempt({ cell: part.output.name }, () => outputExpression(part.output.default ?? '', part, scope)),
  );
}
