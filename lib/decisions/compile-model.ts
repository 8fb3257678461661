import type { Environment } from './cell-tests.ts';
import { scalarOf } from './classify.ts';
import { type CompiledTable, compileTable, type InputSource } from './compile-table.ts';
import { decimal } from './decimal.ts';
import { DecisionError, type Place } from './errors.ts';
import { listType } from './feel-functions.ts';
import type { Scope } from './feel-unary.ts';
import { isListTable, type Verdict } from './hit-policies.ts';
import type { DecisionModel, DecisionTable, InputData, Output, OutputValue, Row, ValueType } from './model.ts';
import { type OnError, parseTable, type TableParts, throwError } from './table-parts.ts';
import { baseType, type Scalar, type StaticType, temporalKey, type Value } from './values.ts';

/** Tables that require each other in a chain are worked out by nested calls. */
const MOST_TABLES = 1_000;

/** All tables of a model, compiled; tables find what they require by name. */
export interface CompiledModel {
  readonly model: DecisionModel;
  /** Tables in an order in which each comes after those it requires. */
  readonly tables: ReadonlyMap<string, CompiledTable>;
  /** The compiled table, or UNKNOWN_DECISION. */
  table(id: string): CompiledTable;
  /** Decides one row by one decision, working out required decisions first. */
  decide(decision_id: string, row: Row): Verdict;
  /** As decide, and refuses members of the row that no required input has (INPUT_UNKNOWN). */
  decideStrictly(decision_id: string, row: Row): Verdict;
}

/**
 * Parses, type-checks and compiles every table; throws the first error with its place.
 * Gaps, overlaps and unreachable rules are no errors here: `validateModel` finds them.
 */
export function compileModel(model: DecisionModel): CompiledModel {
  const tables = new Map<string, CompiledTable>();
  const clock = { row: 0 };
  for (const table of tablesInOrder(model, throwError)) {
    const parts = parseTable(table, scopeOf(model, table, throwError), throwError)!;
    tables.set(table.id, compileParts(model, parts, tables, clock));
  }
  const table = (id: string): CompiledTable => {
    const found = tables.get(id);
    if (found) return found;
    throw new DecisionError('UNKNOWN_DECISION', `there is no decision ${JSON.stringify(id)}`, { table: id });
  };
  return {
    model,
    tables,
    table,
    decide: (id, row) => table(id).decide(row),
    decideStrictly: (id, row) => {
      refuseUnknownMembers(model, table(id).table, row);
      return table(id).decide(row);
    },
  };
}

/** Counts the rows decided, so that a requirement shared by several tables is worked out once per row. */
export interface RowClock {
  row: number;
}

export function compileParts(
  model: DecisionModel,
  parts: TableParts,
  done: ReadonlyMap<string, CompiledTable>,
  clock: RowClock,
): CompiledTable {
  const readers = readersOf(model, parts.table, done, clock);
  const names = (row: Row) => (name: string) => readers.get(name)!.scalar(row);
  const sources = parts.inputs.map(({ input, source }, i): InputSource => {
    const name = input.expression.trim().replace(/\s+/g, ' ');
    const direct = readers.get(name);
    if (direct) return { fact: direct.fact, read: direct.raw };
    const env = (row: Row): Environment => ({ it: null, get: names(row) });
    return { fact: undefined, read: (row) => readable(parts.inputs[i]!.input.type, source.evaluate(env(row))) };
  });
  return compileTable(parts, {
    sources,
    names,
    beginRow: () => {
      clock.row += 1;
    },
  });
}

/** Required tables first; REQUIREMENT_CYCLE and UNKNOWN_DECISION go to `onError`, the table concerned is left out. */
export function tablesInOrder(model: DecisionModel, onError: OnError): DecisionTable[] {
  refuseDoubleNames(model, onError);
  if (model.tables.length > MOST_TABLES) {
    onError(
      new DecisionError(
        'TABLE_TOO_COMPLEX',
        `a model may have ${MOST_TABLES} tables, this one has ${model.tables.length}`,
      ),
    );
    return [];
  }
  const by_id = new Map(model.tables.map((table) => [table.id, table]));
  const order: DecisionTable[] = [];
  const state = new Map<string, 'open' | 'done' | 'refused'>();
  const visit = (table: DecisionTable): boolean => {
    const known = state.get(table.id);
    if (known === 'open') {
      onError(
        new DecisionError('REQUIREMENT_CYCLE', `${table.name} requires itself, through others or directly`, {
          table: table.id,
        }),
      );
    }
    if (known) return known === 'done';
    state.set(table.id, 'open');
    const required = table.requires.map((id) => by_id.get(id)).filter((found) => found !== undefined);
    const sound = required.map(visit).every(Boolean);
    state.set(table.id, sound ? 'done' : 'refused');
    if (sound) order.push(table);
    return sound;
  };
  model.tables.forEach(visit);
  return order;
}

/** The names a table's expressions may use: what it requires, and nothing else. */
export function scopeOf(model: DecisionModel, table: DecisionTable, onError: OnError): Scope {
  const names = new Map<string, StaticType>();
  for (const id of table.requires) {
    const data = model.data.find((item) => item.id === id);
    const required = model.tables.find((item) => item.id === id);
    if (data) names.set(data.name, baseType(data.type));
    else if (required) for (const [name, type] of resultTypes(required)) names.set(name, type);
    else
      onError(
        new DecisionError('UNKNOWN_DECISION', `it requires ${JSON.stringify(id)}, which does not exist`, {
          table: table.id,
        }),
      );
  }
  return { names };
}

/** The ids of all facts a decision needs, its required decisions included. */
export function requiredFacts(model: DecisionModel, table: DecisionTable, seen = new Set<string>()): InputData[] {
  if (seen.has(table.id)) return [];
  seen.add(table.id);
  const facts = table.requires.flatMap((id) => {
    const required = model.tables.find((item) => item.id === id);
    return required ? requiredFacts(model, required, seen) : model.data.filter((item) => item.id === id);
  });
  return [...new Set(facts)];
}

function refuseUnknownMembers(model: DecisionModel, table: DecisionTable, row: Row): void {
  const known = new Set(requiredFacts(model, table).map((fact) => fact.name));
  const unknown = Object.keys(row).find((name) => !known.has(name));
  if (unknown === undefined) return;
  const message = `${JSON.stringify(unknown)} is no input of ${table.name}; known are ${[...known].join(', ')}`;
  throw new DecisionError('INPUT_UNKNOWN', message, { table: table.id, cell: unknown });
}

function refuseDoubleNames(model: DecisionModel, onError: OnError): void {
  const refuse = (what: string, place: Place) =>
    onError(new DecisionError('TABLE_SHAPE', `${what} is used twice`, place));
  const ids = new Set<string>();
  const names = new Set<string>();
  for (const item of [...model.data, ...model.tables]) {
    const place: Place = 'rules' in item ? { table: item.id } : { cell: item.name };
    if (ids.has(item.id)) refuse(`the id ${JSON.stringify(item.id)}`, place);
    if (names.has(item.name)) refuse(`the name ${JSON.stringify(item.name)}`, place);
    ids.add(item.id);
    names.add(item.name);
  }
}

/** A table with several outputs is seen as `name.output`; a list of several outputs cannot be used by other tables. */
function resultTypes(table: DecisionTable): [string, StaticType][] {
  if (table.aggregation === '#') return [[table.name, 'number']];
  const typed = (type: ValueType) => (isListTable(table) ? listType(baseType(type)) : baseType(type));
  if (table.outputs.length === 1) return [[table.name, typed(table.outputs[0]!.type)]];
  if (isListTable(table)) return [];
  return table.outputs.map((output) => [`${table.name}.${output.name}`, baseType(output.type)]);
}

interface Reader {
  fact: string | undefined;
  raw(row: Row): unknown;
  scalar(row: Row): Value;
}

function readersOf(
  model: DecisionModel,
  table: DecisionTable,
  done: ReadonlyMap<string, CompiledTable>,
  clock: RowClock,
): Map<string, Reader> {
  const readers = new Map<string, Reader>();
  for (const id of table.requires) {
    const data = model.data.find((item) => item.id === id);
    const required = done.get(id);
    if (data) readers.set(data.name, factReader(data, table));
    if (required) for (const [name, reader] of decisionReaders(required, clock)) readers.set(name, reader);
  }
  return readers;
}

function factReader({ name, type }: InputData, table: DecisionTable): Reader {
  const place = { table: table.id, cell: name };
  return { fact: name, raw: (row) => row[name], scalar: (row) => scalarOf(type, row[name], place) };
}

function decisionReaders(required: CompiledTable, clock: RowClock): [string, Reader][] {
  let known: { row: number; verdict: Verdict } | undefined;
  const verdict = (row: Row): Verdict => {
    if (known?.row !== clock.row) known = { row: clock.row, verdict: required.decideWithin(row) };
    return known.verdict;
  };
  return resultTypes(required.table).map(([name, type], i) => {
    const pick = (output: Output): Value => {
      if (Array.isArray(output)) return output.map((item) => returned(type, item as OutputValue));
      const value = typeof output === 'object' && output !== null ? output[required.table.outputs[i]!.name]! : output;
      return returned(type, value);
    };
    const scalar = (row: Row) => pick(verdict(row).output);
    return [name, { fact: undefined, raw: (row) => readable(columnType(type), scalar(row)), scalar }];
  });
}

/** An output of a table as the value it is in the expressions of another. */
function returned(type: StaticType, value: OutputValue): Scalar {
  if (typeof value !== 'string') return value;
  const base = type.replace('list of ', '');
  if (base === 'number') return decimal(value);
  return base === 'date' || base === 'dateTime' ? temporalKey(base, value)! : value;
}

function columnType(type: StaticType): ValueType {
  return type === 'date' || type === 'dateTime' ? type : 'string';
}

/** A computed value in the form in which rows carry it: dates and instants as text. */
function readable(type: ValueType, value: Value): unknown {
  if ((type !== 'date' && type !== 'dateTime') || value === null || typeof value !== 'object' || Array.isArray(value))
    return value;
  const instant = new Date(Number(value.units) * (type === 'date' ? 86_400_000 : 1)).toISOString();
  return type === 'date' ? instant.slice(0, instant.indexOf('T')) : instant;
}
