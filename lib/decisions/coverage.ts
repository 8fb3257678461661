import { isConstantCell, isWildcard } from './cell-tests.ts';
import type { CompiledTable } from './compile-table.ts';
import type { Diagram } from './diagram.ts';
import { hasRule } from './partition.ts';

/** Values by column in FEEL, for which a finding holds; columns left out may have any value. */
export type Region = { [cell: string]: string };

/** A set of rows as classes by column, with the same in words. */
export interface ClassRegion {
  classes: number[][];
  region: Region;
}

const MOST_REGIONS = 25;

/** The classes of each column that rows are expected to have: null counts only where a cell mentions it. */
export function expectedClasses(compiled: CompiledTable): number[][] {
  return compiled.partitions.map((partition, column) => {
    const with_null = mentionsNull(compiled, column);
    const has_values = (id: number) => partition.class_of_segment.includes(id);
    const ids = partition.classes.map((_, id) => id);
    return ids.filter((id) => has_values(id) || (with_null && id === partition.class_of_null));
  });
}

function mentionsNull(compiled: CompiledTable, column: number): boolean {
  return compiled.parts.rules.some((rule) =>
    rule.cells[column]!.tests.some((test) => test.kind === 'compare' && test.constant === null),
  );
}

/** The states of the last layer that expected rows can reach. */
export function reachableStates(compiled: CompiledTable, diagram: Diagram): Set<number> {
  const expected = expectedClasses(compiled);
  let states = new Set([0]);
  diagram.layers.forEach(({ class_count, next }, column) => {
    const found = new Set<number>();
    for (const state of states) for (const id of expected[column]!) found.add(next[state * class_count + id]!);
    states = found;
  });
  return states;
}

/** Up to 25 regions whose rows end in one of `targets`, each as large as the table's order of columns allows. */
export function regionsOf(compiled: CompiledTable, diagram: Diagram, targets: ReadonlySet<number>): ClassRegion[] {
  return pathsTo(compiled, diagram, targets).map((classes) => ({ classes, region: regionOf(compiled, classes) }));
}

/** The rule that misses a region by the fewest cells, with the first of them; of several the one that ends next to it. */
export function nearestRule(
  compiled: CompiledTable,
  { classes }: ClassRegion,
): { rule: number; column: number } | undefined {
  const inside = ({ rule, column }: { rule: number; column: number }) =>
    classes[column]!.some((id) => hasRule(compiled.partitions[column]!.classes[id]!.rules, rule));
  const misses = compiled.parts.rules.map((_, rule) =>
    compiled.partitions.map((_, column) => column).filter((column) => !inside({ rule, column })),
  );
  const fewest = Math.min(...misses.map((columns) => columns.length));
  if (fewest === 0 || misses.length === 0) return undefined;
  const near = misses.flatMap((columns, rule) => (columns.length === fewest ? [{ rule, column: columns[0]! }] : []));
  const away = near.map((one) => distanceTo(compiled, classes, one));
  return near[away.indexOf(Math.min(...away))];
}

/** Segments of the column between a region and the values that a rule's cell matches. */
function distanceTo(
  compiled: CompiledTable,
  classes: number[][],
  { rule, column }: { rule: number; column: number },
): number {
  const { class_of_segment, classes: known } = compiled.partitions[column]!;
  const at = class_of_segment.findIndex((id) => classes[column]!.includes(id));
  const steps = [...class_of_segment].map((id, segment) =>
    id >= 0 && hasRule(known[id]!.rules, rule) ? Math.abs(segment - at) : Number.POSITIVE_INFINITY,
  );
  return Math.min(...steps);
}

/** The column that says most about a rule against others: the first that is not `-`. */
export function tellingColumn(compiled: CompiledTable, rule: number): number {
  const found = compiled.parts.rules[rule]!.cells.findIndex((cell) => !isWildcard(cell));
  return Math.max(found, 0);
}

/** True when a rule has cells that are computed per row, so that nothing can be proven about it. */
export function isComputedRule(compiled: CompiledTable, rule: number): boolean {
  return !compiled.parts.rules[rule]!.cells.every(isConstantCell);
}

function pathsTo(compiled: CompiledTable, diagram: Diagram, targets: ReadonlySet<number>): number[][][] {
  const leads = statesLeadingTo(diagram, targets);
  const expected = expectedClasses(compiled);
  const found: number[][][] = [];
  const walk = (layer: number, state: number, classes: number[][]): void => {
    if (found.length >= MOST_REGIONS || !leads[layer]!.has(state)) return;
    if (layer === diagram.layers.length) {
      found.push(classes);
      return;
    }
    for (const [target, ids] of groupedTargets(diagram, { layer, state, ids: expected[layer]! })) {
      walk(layer + 1, target, [...classes, ids]);
    }
  };
  walk(0, 0, []);
  return found;
}

function groupedTargets(diagram: Diagram, at: { layer: number; state: number; ids: number[] }): Map<number, number[]> {
  const { class_count, next } = diagram.layers[at.layer]!;
  return Map.groupBy(at.ids, (id) => next[at.state * class_count + id]!);
}

/** By layer, the states from which a target can be reached. */
function statesLeadingTo(diagram: Diagram, targets: ReadonlySet<number>): ReadonlySet<number>[] {
  let leading: ReadonlySet<number> = targets;
  const by_layer = [leading];
  for (const { class_count, next } of [...diagram.layers].reverse()) {
    const found = new Set<number>();
    next.forEach((target, transition) => {
      if (leading.has(target)) found.add(Math.floor(transition / class_count));
    });
    leading = found;
    by_layer.unshift(leading);
  }
  return by_layer;
}

function regionOf(compiled: CompiledTable, classes: number[][]): Region {
  const expected = expectedClasses(compiled);
  const named = classes.flatMap((ids, column) => {
    const cell = compiled.parts.inputs[column]!.input.expression;
    return ids.length === expected[column]!.length ? [] : [[cell, labels(compiled, column, ids)] as const];
  });
  return Object.fromEntries(named);
}

function labels(compiled: CompiledTable, column: number, ids: number[]): string {
  const texts = ids.flatMap((id) => compiled.partitions[column]!.classes[id]!.labels);
  return (mentionsNull(compiled, column) ? texts : texts.filter((text) => text !== 'null')).join(', ');
}
