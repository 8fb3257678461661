import { isConstantCell, isWildcard } from './cell-tests.ts';
import type { CompiledTable } from './compile-table.ts';
import type { Diagram } from './diagram.ts';
import { hasRule, type Partition } from './partition.ts';

/** Values by column in FEEL, for which a finding holds; columns left out may have any value. */
export type Region = { [cell: string]: string };

/** A set of rows, as classes by column, that end in one state of the diagram. */
interface Path {
  classes: number[][];
}

const MOST_REGIONS = 25;

/** The classes of each column that rows are expected to have: null counts only where a cell mentions it. */
export function expectedClasses(compiled: CompiledTable): number[][] {
  return compiled.partitions.map((partition, column) => {
    const mentions_null = compiled.parts.rules.some((rule) =>
      rule.cells[column]!.tests.some((test) => test.kind === 'compare' && test.constant === null),
    );
    const has_values = (id: number) => partition.class_of_segment.includes(id);
    return partition.classes
      .map((_, id) => id)
      .filter((id) => has_values(id) || (mentions_null && id === partition.class_of_null));
  });
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
export function regionsOf(compiled: CompiledTable, diagram: Diagram, targets: ReadonlySet<number>): Region[] {
  return pathsTo(compiled, diagram, targets).map((path) => regionOf(compiled, path));
}

/** The rule that misses a region by the fewest cells, with the first of them. */
export function nearestRule(compiled: CompiledTable, region: Region): { rule: number; column: number } | undefined {
  const inside = (cell: { rule: number; column: number }) => coversRegion(compiled, region, cell);
  const misses = compiled.parts.rules.map((_, rule) =>
    compiled.partitions.map((_, column) => column).filter((column) => !inside({ rule, column })),
  );
  const fewest = Math.min(...misses.map((columns) => columns.length));
  const rule = misses.findIndex((columns) => columns.length === fewest && fewest > 0);
  return rule < 0 ? undefined : { rule, column: misses[rule]![0]! };
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

function pathsTo(compiled: CompiledTable, diagram: Diagram, targets: ReadonlySet<number>): Path[] {
  const leads = statesLeadingTo(diagram, targets);
  const expected = expectedClasses(compiled);
  const found: Path[] = [];
  const walk = (layer: number, state: number, classes: number[][]): void => {
    if (found.length >= MOST_REGIONS || !leads[layer]!.has(state)) return;
    if (layer === diagram.layers.length) {
      found.push({ classes });
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

function regionOf(compiled: CompiledTable, path: Path): Region {
  const named = path.classes.map((ids, column) => {
    const partition = compiled.partitions[column]!;
    const cell = compiled.parts.inputs[column]!.input.expression;
    return [cell, ids.length === partition.classes.length ? '-' : labels(partition, ids)] as const;
  });
  return Object.fromEntries(named.filter(([, text]) => text !== '-'));
}

function labels(partition: Partition, ids: number[]): string {
  return ids.flatMap((id) => partition.classes[id]!.labels).join(', ');
}

function coversRegion(compiled: CompiledTable, region: Region, at: { rule: number; column: number }): boolean {
  const { input } = compiled.parts.inputs[at.column]!;
  const wanted = region[input.expression];
  if (wanted === undefined) return true;
  const { classes } = compiled.partitions[at.column]!;
  const touched = classes.filter((known) => known.labels.some((label) => wanted.split(', ').includes(label)));
  return touched.some((known) => hasRule(known.rules, at.rule));
}
