import { compileParts, type RowClock, scopeOf, tablesInOrder } from './compile-model.ts';
import type { CompiledTable } from './compile-table.ts';
import { isComputedRule, nearestRule, type Region, reachableStates, regionsOf, tellingColumn } from './coverage.ts';
import type { Diagram } from './diagram.ts';
import type { DecisionCode, DecisionError, Place } from './errors.ts';
import { isConstantVerdict, verdictOf } from './hit-policies.ts';
import type { DecisionModel } from './model.ts';
import { hasRule } from './partition.ts';
import { located, type Places } from './places.ts';
import { inputPlace, parseTable } from './table-parts.ts';
import { equalScalars } from './values.ts';

/** Something wrong with a model. Errors must be mended before it is published; warnings may be meant. */
export interface Finding {
  code: DecisionCode;
  severity: 'error' | 'warning';
  message: string;
  place: Place;
  /** The inputs concerned, by column, in FEEL; absent columns may have any value. */
  region?: Region;
}

/** All findings of a model, each with table, rule and cell, and line and column when `places` came with it. */
export function validateModel(model: DecisionModel, places: Places = new Map()): Finding[] {
  const findings: Finding[] = [];
  const onError = (error: DecisionError) => {
    findings.push({ code: error.code, severity: 'error', message: error.message, place: error.place });
  };
  const done: Map<string, CompiledTable> = new Map();
  const clock: RowClock = { row: 0 };
  for (const table of tablesInOrder(model, onError)) {
    const parts = parseTable(table, scopeOf(model, table, onError), onError);
    if (!parts || table.requires.some((id) => model.tables.some((other) => other.id === id) && !done.has(id))) continue;
    const compiled = compileParts(model, parts, done, clock);
    done.set(table.id, compiled);
    findings.push(...tableFindings(compiled));
  }
  return findings.map((finding) => ({ ...finding, place: withLine(finding.place, places) }));
}

/** The findings that forbid publishing. */
export function errorsOf(findings: Finding[]): Finding[] {
  return findings.filter((finding) => finding.severity === 'error');
}

/** Findings of one compiled table: gaps, overlaps, unreachable rules. */
export function tableFindings(compiled: CompiledTable): Finding[] {
  const { diagram, table } = compiled;
  if (!diagram) {
    const message = 'the table is too large to prove that it has no gaps and overlaps';
    return [{ code: 'TABLE_TOO_COMPLEX', severity: 'warning', message, place: { table: table.id } }];
  }
  const reachable = reachableStates(compiled, diagram);
  return [
    ...gaps(compiled, diagram, reachable),
    ...overlaps(compiled, diagram, reachable),
    ...unreachableRules(compiled, diagram, reachable),
  ];
}

function withLine(place: Place, places: Places): Place {
  return place.line === undefined ? located(place, places) : place;
}

/** Rows that no rule matches, unless a default answers them. Lists and sums may well be empty: there it is a warning. */
function gaps(compiled: CompiledTable, diagram: Diagram, reachable: Set<number>): Finding[] {
  if (compiled.parts.defaults) return [];
  const empty = [...reachable].filter((state) => diagram.hits[state]!.length === 0);
  const severity = ['R', 'O', 'C'].includes(compiled.table.hit_policy) ? 'warning' : 'error';
  return regionsOf(compiled, diagram, new Set(empty)).map((found) => {
    const { region } = found;
    const nearest = nearestRule(compiled, found);
    const near = nearest ? inputPlace(compiled.table, nearest.rule, nearest.column) : {};
    const message = `no rule matches ${regionText(region)}`;
    return { code: 'GAP', severity, message, place: { table: compiled.table.id, ...near }, region };
  });
}

function overlaps(compiled: CompiledTable, diagram: Diagram, reachable: Set<number>): Finding[] {
  const { hit_policy } = compiled.table;
  if (hit_policy !== 'U' && hit_policy !== 'A') return [];
  const state_of_pair = new Map<string, { pair: [number, number]; state: number }>();
  for (const state of reachable) {
    for (const pair of conflictingPairs(compiled, diagram.hits[state]!)) {
      if (state_of_pair.size < MOST_PAIRS) state_of_pair.set(pair.join(), { pair, state });
    }
  }
  return [...state_of_pair.values()].map(({ pair, state }) => {
    const region = regionsOf(compiled, diagram, new Set([state]))[0]?.region ?? {};
    const [first, second] = pair;
    const place = { table: compiled.table.id, ...inputPlace(compiled.table, second, tellingColumn(compiled, second)) };
    const what = hit_policy === 'A' ? 'match with different outputs' : 'both match';
    const message = `rules ${first + 1} and ${second + 1} ${what}: ${regionText(region)}`;
    return { code: 'OVERLAP', severity: 'error', message, place, region };
  });
}

const MOST_PAIRS = 100;

function conflictingPairs(compiled: CompiledTable, hits: number[]): [number, number][] {
  const proven = hits.filter((rule) => !isComputedRule(compiled, rule)).slice(0, MOST_PAIRS);
  const pairs = proven.flatMap((first, i) => proven.slice(i + 1).map((second): [number, number] => [first, second]));
  return compiled.table.hit_policy === 'U' ? pairs : pairs.filter((pair) => differ(compiled, pair));
}

function differ(compiled: CompiledTable, [first, second]: [number, number]): boolean {
  const [a, b] = [compiled.parts.rules[first]!.values, compiled.parts.rules[second]!.values];
  return a.some((value, i) => {
    const other = b[i]!.constant;
    const known = value.constant !== undefined && other !== undefined;
    return known && !Array.isArray(value.constant) && !Array.isArray(other) && !equalScalars(value.constant!, other!);
  });
}

function unreachableRules(compiled: CompiledTable, diagram: Diagram, reachable: Set<number>): Finding[] {
  const useful = new Set([...reachable].flatMap((state) => decidingRules(compiled, diagram.hits[state]!)));
  return compiled.parts.rules.flatMap((_, rule): Finding[] => {
    if (useful.has(rule)) return [];
    const { column, why } = reasonUnreachable(compiled, diagram, rule);
    const place = { table: compiled.table.id, ...inputPlace(compiled.table, rule, column) };
    return [{ code: 'UNREACHABLE_RULE', severity: 'error', message: `rule ${rule + 1} never decides: ${why}`, place }];
  });
}

/** The rules of a set of hits that may give the output; rules with computed cells shadow nothing. */
function decidingRules(compiled: CompiledTable, hits: number[]): number[] {
  const { hit_policy } = compiled.table;
  const certain = hits.filter((rule) => !isComputedRule(compiled, rule));
  if (hit_policy === 'F') return hits.filter((rule) => certain.every((other) => other >= rule));
  if (hit_policy !== 'P' || certain.length < 2 || !isConstantVerdict(compiled.parts, hits)) return hits;
  const env = { it: null, get: () => null };
  const winner = verdictOf(compiled.parts, certain, env).rules[0]! - 1;
  return hits.filter((rule) => rule === winner || isComputedRule(compiled, rule));
}

function reasonUnreachable(compiled: CompiledTable, diagram: Diagram, rule: number): { column: number; why: string } {
  const dead = compiled.partitions.findIndex(
    (partition) => !partition.classes.some((known) => hasRule(known.rules, rule)),
  );
  if (dead >= 0) return { column: dead, why: 'its cell matches no value that the column can have' };
  const before = new Set(
    diagram.hits.filter((hits) => hits.includes(rule)).flatMap((hits) => decidingRules(compiled, hits)),
  );
  const names = [...before].filter((other) => other !== rule).map((other) => other + 1);
  const why =
    names.length > 0 ? `rules ${names.sort((a, b) => a - b).join(', ')} always decide before it` : 'no row reaches it';
  return { column: tellingColumn(compiled, rule), why };
}

function regionText(region: Region): string {
  const parts = Object.entries(region).map(([cell, values]) => `${cell}: ${values}`);
  return parts.length > 0 ? parts.join('; ') : 'any row';
}
