import type { CompiledModel } from './compile-model.ts';
import { type CompiledTable, readColumn } from './compile-table.ts';
import { DecisionError, type Place } from './errors.ts';
import type { Verdict } from './hit-policies.ts';
import type { OutputValue, Row } from './model.ts';

/** Why a decision came out as it did. */
export interface Explanation {
  table: string;
  name: string;
  /** Null when the rules contradict each other or an output cannot be computed; then `error` says why. */
  verdict: Verdict | null;
  error?: { code: string; message: string; place: Place };
  inputs: { cell: string; value: OutputValue }[];
  rules: RuleExplanation[];
  /** The decisions whose results this one used, those first that others need. */
  required: Explanation[];
}

export interface RuleExplanation {
  /** Counted from 1. */
  rule: number;
  id: string;
  annotation?: string;
  /** All cells match. */
  matched: boolean;
  /** It gave the output, or a part of it. */
  decided: boolean;
  /** The first cell from the left that does not match. */
  failed?: { cell: string; test: string; value: OutputValue };
}

/** Explains one decision for one row. Errors: UNKNOWN_DECISION and those of bad inputs. */
export function explain(model: CompiledModel, decision_id: string, row: Row): Explanation {
  const compiled = model.table(decision_id);
  const required = tablesBehind(model, decision_id).filter((table) => table !== compiled);
  return {
    ...explainTable(compiled, row),
    required: required.map((table) => ({ ...explainTable(table, row), required: [] })),
  };
}

/** The explanation in words, one line per fact. */
export function explanationText(explanation: Explanation): string {
  const { verdict, error } = explanation;
  const inputs = explanation.inputs.map(({ cell, value }) => `${cell} = ${String(value)}`).join(', ');
  const answer = verdict
    ? `${JSON.stringify(verdict.output)} (${verdict.outcome})`
    : `${error!.code}: ${error!.message}`;
  const lines = explanation.rules.map((rule) => {
    if (rule.decided) return `  rule ${rule.rule} decided${rule.annotation ? `: ${rule.annotation}` : ''}`;
    if (rule.matched) return `  rule ${rule.rule} matched, others decided`;
    return `  rule ${rule.rule} did not match: ${rule.failed!.cell} = ${String(rule.failed!.value)} is not ${rule.failed!.test}`;
  });
  return [
    ...explanation.required.map(explanationText),
    `${explanation.name}: ${answer}`,
    `  given ${inputs}`,
    ...lines,
  ].join('\n');
}

function explainTable(compiled: CompiledTable, row: Row): Omit<Explanation, 'required'> {
  compiled.beginRow();
  const { parts, table } = compiled;
  const columns = parts.inputs.map((_, column) => readColumn(compiled, row, column));
  const outcome = attempt(() => compiled.decideWithin(row));
  const rules = table.rules.map((rule, r): RuleExplanation => {
    const failed = columns.findIndex((column) => !column.matches[r]);
    const decided = outcome.verdict?.rules.includes(r + 1) ?? false;
    const base = { rule: r + 1, id: rule.id, ...(rule.annotation ? { annotation: rule.annotation } : {}) };
    if (failed < 0) return { ...base, matched: true, decided };
    const cell = table.inputs[failed]!.expression;
    const test = parts.rules[r]!.cells[failed]!.text;
    return { ...base, matched: false, decided: false, failed: { cell, test, value: columns[failed]!.value } };
  });
  const inputs = columns.map(({ value }, i) => ({ cell: table.inputs[i]!.expression, value }));
  return { table: table.id, name: table.name, ...outcome, inputs, rules };
}

function attempt(decide: () => Verdict): Pick<Explanation, 'verdict' | 'error'> {
  try {
    return { verdict: decide() };
  } catch (error) {
    if (!(error instanceof DecisionError)) throw error;
    return { verdict: null, error: { code: error.code, message: error.message, place: error.place } };
  }
}

/** The tables that a decision is worked out by: those it requires, those first that others need, and its own. */
export function tablesBehind(model: CompiledModel, decision_id: string): CompiledTable[] {
  const needed = new Set<string>();
  const collect = (id: string): void => {
    const found = model.tables.get(id);
    if (!found || needed.has(id)) return;
    needed.add(id);
    for (const required of found.table.requires) collect(required);
  };
  collect(model.table(decision_id).table.id);
  return [...model.tables.values()].filter((table) => needed.has(table.table.id));
}
