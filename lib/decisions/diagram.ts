import type { Partition } from './partition.ts';

/**
 * A table as a decision diagram: state 0 of layer 0 is "every rule is still possible"; the class of the next column's
 * value leads to a state of the next layer; a state after the last column is a set of rules that match. Equal sets
 * share a state, so a lookup costs one array read per column, whatever the number of rules.
 */
export interface Diagram {
  layers: { class_count: number; next: Int32Array }[];
  /** Rules by state of the last layer, from 0, in table order. */
  hits: number[][];
}

/** Beyond this a table is answered by intersecting the sets row by row. */
const MOST_TRANSITIONS = 2_000_000;
/** Words of all sets kept while building, as a bound on memory. */
const MOST_WORDS = 8_000_000;

/** Undefined when the diagram would be too large. */
export function buildDiagram(partitions: Partition[], rule_count: number): Diagram | undefined {
  let states = [fullSet(rule_count)];
  let transitions = 0;
  const layers: Diagram['layers'] = [];
  for (const { classes } of partitions) {
    if (classes.length === 0) return undefined;
    transitions += states.length * classes.length;
    if (transitions > MOST_TRANSITIONS || transitions * states[0]!.length > MOST_WORDS) return undefined;
    const layer = nextLayer(
      states,
      classes.map((known) => known.rules),
    );
    layers.push({ class_count: classes.length, next: layer.next });
    states = layer.states;
  }
  return { layers, hits: states.map((set) => rulesIn(set)) };
}

/** The rules of a bit set, from 0. */
export function rulesIn(set: Uint32Array): number[] {
  const rules: number[] = [];
  for (let word = 0; word < set.length; word++) {
    for (let bits = set[word]!; bits !== 0; bits &= bits - 1) rules.push(word * 32 + 31 - Math.clz32(bits & -bits));
  }
  return rules;
}

export function fullSet(rule_count: number): Uint32Array {
  const set = new Uint32Array(Math.max(1, (rule_count + 31) >>> 5));
  for (let rule = 0; rule < rule_count; rule++) set[rule >>> 5]! |= 1 << (rule & 31);
  return set;
}

export function intersection(a: Uint32Array, b: Uint32Array): Uint32Array {
  return a.map((word, i) => word & b[i]!);
}

function nextLayer(states: Uint32Array[], classes: Uint32Array[]): { states: Uint32Array[]; next: Int32Array } {
  const found: Uint32Array[] = [];
  const index = new Map<string, number>();
  const next = new Int32Array(states.length * classes.length);
  let transition = 0;
  for (const state of states) {
    for (const rules of classes) {
      const set = intersection(state, rules);
      const key = set.join();
      let target = index.get(key);
      if (target === undefined) {
        target = found.push(set) - 1;
        index.set(key, target);
      }
      next[transition++] = target;
    }
  }
  return { states: found, next };
}
