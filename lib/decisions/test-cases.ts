import { type CompiledModel, compileModel } from './compile-model.ts';
import { compareDecimals, decimal } from './decimal.ts';
import { DecisionError } from './errors.ts';
import { explain, explanationText } from './explain.ts';
import type { DecisionModel, Output, OutputValue, Row } from './model.ts';
import { modelDigest } from './model-digest.ts';

/** A row and what an analyst expects of it; kept with a model and run against every draft. */
export interface TestCase {
  name: string;
  decision: string;
  inputs: Row;
  /** The output expected, or the code of the error expected. Numbers are decimal texts and compare by value. */
  expected: { output: Output } | { error: string };
}

export interface TestResult {
  name: string;
  passed: boolean;
  /** What came out, and for a failure why. */
  output?: Output;
  error?: string;
  explanation?: string;
}

export interface TestReport {
  /** The content that was tested. */
  digest: string;
  passed: number;
  failed: number;
  results: TestResult[];
  /** Rules, from 1, by table, that no case made decide. */
  untested_rules: { [table: string]: number[] };
}

/** Runs all cases; a model that does not compile throws its error. */
export function runTestCases(model: DecisionModel, cases: readonly TestCase[]): TestReport {
  const compiled = compileModel(model);
  const decided = new Map(model.tables.map((table) => [table.id, new Set<number>()]));
  const results = cases.map((test) => runTestCase(compiled, test, decided));
  const passed = results.filter((result) => result.passed).length;
  const untested = model.tables.map((table) => {
    const seen = decided.get(table.id)!;
    return [table.id, table.rules.map((_, i) => i + 1).filter((rule) => !seen.has(rule))] as const;
  });
  return {
    digest: modelDigest(model),
    passed,
    failed: results.length - passed,
    results,
    untested_rules: Object.fromEntries(untested.filter(([, rules]) => rules.length > 0)),
  };
}

/** Equal as FEEL values: `4` and `4.0` are the same number. Records compare by member, lists in order. */
export function sameOutput(model: DecisionModel, decision_id: string, a: Output, b: Output): boolean {
  const table = model.tables.find((item) => item.id === decision_id);
  const is_number = (name: string | undefined) => {
    const output = name === undefined ? table?.outputs[0] : table?.outputs.find((item) => item.name === name);
    return table?.aggregation === '#' || output?.type === 'number' || output?.type === 'integer';
  };
  const same = (x: unknown, y: unknown, name?: string): boolean => {
    if (Array.isArray(x)) return Array.isArray(y) && x.length === y.length && x.every((item, i) => same(item, y[i]));
    if (isRecord(x)) {
      if (!isRecord(y) || Object.keys(x).length !== Object.keys(y).length) return false;
      return Object.keys(x).every((key) => Object.hasOwn(y, key) && same(x[key], y[key], key));
    }
    return x === y || (is_number(name) && sameNumber(x, y));
  };
  return same(a, b);
}

function runTestCase(compiled: CompiledModel, test: TestCase, decided: Map<string, Set<number>>): TestResult {
  try {
    const { output } = compiled.decideStrictly(test.decision, test.inputs);
    const explanation = explain(compiled, test.decision, test.inputs);
    for (const { table, verdict } of [...explanation.required, explanation]) {
      for (const rule of verdict?.rules ?? []) decided.get(table)?.add(rule);
    }
    const passed = 'output' in test.expected && sameOutput(compiled.model, test.decision, output, test.expected.output);
    return { name: test.name, passed, output, ...(passed ? {} : { explanation: explanationText(explanation) }) };
  } catch (error) {
    if (!(error instanceof DecisionError)) throw error;
    const passed = 'error' in test.expected && test.expected.error === error.code;
    return { name: test.name, passed, error: error.code, ...(passed ? {} : { explanation: error.message }) };
  }
}

function isRecord(value: unknown): value is Record<string, OutputValue> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sameNumber(a: unknown, b: unknown): boolean {
  if (!isNumeric(a) || !isNumeric(b)) return false;
  try {
    return compareDecimals(decimal(a), decimal(b)) === 0;
  } catch {
    return false;
  }
}

function isNumeric(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}
