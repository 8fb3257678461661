import { type CellTest, cellMatches, type Environment, isConstantCell } from './cell-tests.ts';
import { type Classify, createClassifier, scalarOf } from './classify.ts';
import { type ColumnStep, classAfter, columnStep } from './column-step.ts';
import { buildDiagram, type Diagram, fullSet, intersection, rulesIn } from './diagram.ts';
import { withPlace } from './errors.ts';
import { isConstantVerdict, type Verdict, verdictOf } from './hit-policies.ts';
import type { DecisionTable, Row } from './model.ts';
import { hasRule, type Partition, partitionColumn } from './partition.ts';
import { inputPlace, type TableParts } from './table-parts.ts';
import { outputValue, type Value } from './values.ts';

/** A table ready to decide rows. It holds no state of its callers and may be shared. */
export interface CompiledTable {
  readonly table: DecisionTable;
  readonly parts: TableParts;
  readonly partitions: Partition[];
  /** Undefined for a table too large for one; it decides all the same, slower. */
  readonly diagram: Diagram | undefined;
  /** How the value of each input column is read from a row. */
  readonly sources: InputSource[];
  readonly classifiers: Classify[];
  readonly steps: ColumnStep[];
  /** Decides one row, a plain object. Errors: INPUT_…, RULES_CONFLICT, DIVISION_BY_ZERO, OUTPUT_NOT_ALLOWED, with the place. */
  decide(row: Row): Verdict;
  /** As decide, as a part of deciding another table by the same row: shared requirements are worked out once. */
  decideWithin(row: Row): Verdict;
  /** The rules that match, from 0, before the hit policy chooses. */
  matchingRules(row: Row): number[];
  /** The verdict of a state of the diagram, or of its rules when it depends on the row. */
  settle(state: number, row: () => Row): Verdict;
  environment(row: Row): Environment;
  /** Forgets what required decisions said about the row before. */
  beginRow(): void;
}

/** Where a column's value comes from: a fact or a decision by name, or a computed expression. */
export interface InputSource {
  /** The fact's name when the column is just that fact, so that columns of facts can be read directly. */
  fact: string | undefined;
  read(row: Row): unknown;
}

/** Resolves names of facts and required decisions for one row. */
export type Names = (row: Row) => Environment['get'];

export interface TableContext {
  sources: InputSource[];
  names: Names;
  beginRow(): void;
}

export function compileTable(parts: TableParts, { sources, names, beginRow }: TableContext): CompiledTable {
  const { table } = parts;
  const { partitions, classifiers, steps } = readColumns(parts);
  const diagram = buildDiagram(partitions, table.rules.length);
  const environment = (row: Row): Environment => ({ it: null, get: names(row) });
  const candidates = diagram ? undefined : candidateRules(partitions, classifiers, sources, table.rules.length);
  const computed_cells = parts.rules.map((rule) => rule.cells.some((cell) => !isConstantCell(cell)));
  const remaining = rulesThatRemain(parts, { computed_cells, sources, environment });
  const settled = diagram ? settledVerdicts(parts, diagram, computed_cells, environment) : [];
  const settle = (state: number, row: () => Row): Verdict =>
    settled[state] ?? verdictOf(parts, remaining(diagram!.hits[state]!, row()), environment(row()));
  const stateOf = diagram ? stateWalk(diagram, steps, sources) : undefined;
  const decideWithin: CompiledTable['decideWithin'] = stateOf
    ? (row) => {
        const state = stateOf(row);
        return settled[state] ?? settle(state, () => row);
      }
    : (row) => verdictOf(parts, remaining(candidates!(row), row), environment(row));
  return {
    table,
    parts,
    partitions,
    diagram,
    sources,
    classifiers,
    steps,
    environment,
    settle,
    beginRow,
    decideWithin,
    decide: (row) => {
      beginRow();
      return decideWithin(row);
    },
    matchingRules: (row) => {
      beginRow();
      return remaining(stateOf ? diagram!.hits[stateOf(row)]! : candidates!(row), row);
    },
  };
}

type Columns = { partitions: Partition[]; classifiers: Classify[]; steps: ColumnStep[] };

/** What the cells of each input column tell apart, and how a value finds its class. */
function readColumns(parts: TableParts): Columns {
  const partitions = parts.inputs.map(({ input, allowed }, i) =>
    partitionColumn(
      input.type,
      parts.rules.map((rule) => rule.cells[i]!),
      allowed,
    ),
  );
  const classifiers = partitions.map((partition, i) =>
    createClassifier(partition, { table: parts.table.id, cell: parts.inputs[i]!.input.expression }),
  );
  return { partitions, classifiers, steps: partitions.map((partition, i) => columnStep(partition, classifiers[i]!)) };
}

type RowReading = {
  /** By rule: whether a cell of it has to be computed for each row. */
  computed_cells: boolean[];
  sources: InputSource[];
  environment: (row: Row) => Environment;
};

/** Of the rules whose constant cells match, those whose computed cells match, too. */
function rulesThatRemain(
  parts: TableParts,
  { computed_cells, sources, environment }: RowReading,
): (rules: number[], row: Row) => number[] {
  const itself = (column: number, row: Row): Value =>
    scalarOf(parts.inputs[column]!.input.type, sources[column]!.read(row), { table: parts.table.id });
  return (rules, row) =>
    rules.filter(
      (rule) => !computed_cells[rule] || computedCellsMatch(parts, rule, environment(row), (i) => itself(i, row)),
    );
}

/** The verdicts that are the same for every row, by state of the diagram; computed when first met. */
function settledVerdicts(
  parts: TableParts,
  diagram: Diagram,
  computed_cells: boolean[],
  environment: (row: Row) => Environment,
): (Verdict | undefined)[] {
  return diagram.hits.map((rules) => {
    if (rules.some((rule) => computed_cells[rule]) || !isConstantVerdict(parts, rules)) return undefined;
    try {
      return deepFrozen(verdictOf(parts, rules, environment({})));
    } catch {
      // A conflict is told to the row that meets it, with its place.
      return undefined;
    }
  });
}

function deepFrozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(deepFrozen);
  return Object.freeze(value);
}

function stateWalk(diagram: Diagram, steps: ColumnStep[], sources: InputSource[]): (row: Row) => number {
  const { layers } = diagram;
  const depth = layers.length;
  return (row) => {
    let state = 0;
    for (let i = 0; i < depth; i++) {
      const { next, class_count } = layers[i]!;
      const source = sources[i]!;
      const value = source.fact === undefined ? source.read(row) : row[source.fact];
      state = next[state * class_count + classAfter(steps[i]!, value)]!;
    }
    return state;
  };
}

function candidateRules(
  partitions: Partition[],
  classifiers: Classify[],
  sources: InputSource[],
  rule_count: number,
): (row: Row) => number[] {
  const all = fullSet(rule_count);
  return (row) =>
    rulesIn(
      partitions.reduce((set, partition, i) => {
        const id = classifiers[i]!(sources[i]!.read(row));
        return intersection(set, partition.classes[id]!.rules);
      }, all),
    );
}

function computedCellsMatch(
  parts: TableParts,
  rule: number,
  env: Environment,
  itself: (column: number) => Value,
): boolean {
  return parts.rules[rule]!.cells.every(
    (cell, i) =>
      isConstantCell(cell) || cellMatchesAt(parts, { rule, column: i, cell }, { it: itself(i), get: env.get }),
  );
}

function cellMatchesAt(
  parts: TableParts,
  at: { rule: number; column: number; cell: CellTest },
  env: Environment,
): boolean {
  const place = { table: parts.table.id, ...inputPlace(parts.table, at.rule, at.column) };
  return withPlace(place, () => cellMatches(at.cell, env));
}

/** What a rule's cells say about a row, one by one. */
export interface CellReading {
  value: ReturnType<typeof outputValue>;
  matches: boolean[];
}

/** Every cell of one column against a row; used to explain and to count. */
export function readColumn(compiled: CompiledTable, row: Row, column: number): CellReading {
  const { parts, partitions, classifiers, sources } = compiled;
  const { input } = parts.inputs[column]!;
  const value = sources[column]!.read(row);
  const { rules } = partitions[column]!.classes[classifiers[column]!(value)]!;
  const scalar = scalarOf(input.type, value, { table: parts.table.id, cell: input.expression });
  const env = { it: scalar, get: compiled.environment(row).get };
  const matches = parts.rules.map(({ cells }, rule) => {
    const cell = cells[column]!;
    return isConstantCell(cell) ? hasRule(rules, rule) : cellMatchesAt(parts, { rule, column, cell }, env);
  });
  return { value: outputValue(cellType(parts, column), scalar), matches };
}

function cellType(parts: TableParts, column: number): Parameters<typeof outputValue>[0] {
  const { type } = parts.inputs[column]!.input;
  return type === 'integer' ? 'number' : type;
}
