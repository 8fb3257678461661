import type { FieldType, Tokens } from '../fields/field-type.ts';
import { createTokenDictionary, createValueDictionary, type Dictionary } from './dictionary.ts';

/** A field as the linker compares it: a type and the roles that it plays in the model. */
export interface Field {
  name: string;
  type: FieldType;
  /** Index of the field with which values are sometimes swapped (first and last name). */
  swaps_with?: number;
  /** Factor on the field's learnt bits; 1 when left out. */
  weight?: number;
  /** Bits fixed by hand, by the name of the level. */
  weights?: Readonly<Record<string, number>>;
}

/** Records as columns of value numbers, in an order that depends only on their ids. */
export interface RecordTable {
  fields: readonly Field[];
  size: number;
  ids: readonly string[];
  /** Number of the input that each record came from: 0 or 1. */
  sources: Uint8Array;
  codes: readonly Int32Array[];
  dictionaries: readonly Dictionary[];
  /** Number of the true cluster of each record, when the input tells it; −1 for unknown. */
  truth: Int32Array | undefined;
}

export interface RecordInput {
  id: string;
  source?: number;
  truth?: string | undefined;
}

export interface TableBuilder {
  /** Adds a record by its plain values, one for each field; empty text, null and undefined are absent. */
  addValues(record: RecordInput, values: readonly (string | null | undefined)[]): void;
  /** Adds a record by the hashed parts of its values, one array for each field; an empty array is absent. */
  addTokens(record: RecordInput, tokens: readonly Tokens[]): void;
  /** The table, sorted by source and id. Throws when an id repeats within a source. */
  build(): RecordTable;
}

export class DuplicateIdError extends Error {
  readonly id: string;

  constructor(id: string) {
    super(`id ${JSON.stringify(id)} occurs more than once in one input; ids must be unique`);
    this.id = id;
  }
}

/** Collects records of one kind, plain or hashed; the two cannot be mixed in a table. */
export function createTableBuilder(fields: readonly Field[], kind: 'values' | 'tokens'): TableBuilder {
  const valueDictionaries = kind === 'values' ? fields.map((field) => createValueDictionary(field.type)) : [];
  const tokenDictionaries = kind === 'tokens' ? fields.map((field) => createTokenDictionary(field.type)) : [];
  const columns = fields.map(() => new GrowingColumn());
  const inputs = createInputs();
  return {
    addValues(record, values) {
      inputs.add(record);
      valueDictionaries.forEach((dictionary, field) => {
        const raw = values[field];
        columns[field]!.push(raw === null || raw === undefined || raw === '' ? 0 : dictionary.codeOf(raw));
      });
    },
    addTokens(record, tokens) {
      inputs.add(record);
      tokenDictionaries.forEach((dictionary, field) => {
        columns[field]!.push(dictionary.codeOf(tokens[field]!));
      });
    },
    build() {
      const order = orderOf(inputs.ids, inputs.sources);
      const dictionaries = kind === 'values' ? valueDictionaries : tokenDictionaries;
      return {
        fields,
        size: order.length,
        ids: Array.from(order, (row) => inputs.ids[row]!),
        sources: Uint8Array.from(order, (row) => inputs.sources[row]!),
        codes: columns.map((column) => column.inOrder(order)),
        dictionaries,
        truth: inputs.truthInOrder(order),
      };
    },
  };
}

/** What is known of the records beside their values. */
function createInputs() {
  const ids: string[] = [];
  const sources: number[] = [];
  const truths = new GrowingColumn();
  const truthCodes = new Map<string, number>();
  return {
    ids,
    sources,
    add({ id, source = 0, truth }: RecordInput): void {
      ids.push(id);
      sources.push(source);
      if (truth === undefined || truth === '') {
        truths.push(-1);
        return;
      }
      const code = truthCodes.get(truth) ?? truthCodes.size;
      truthCodes.set(truth, code);
      truths.push(code);
    },
    truthInOrder: (order: Int32Array) => (truthCodes.size > 0 ? truths.inOrder(order) : undefined),
  };
}

/** Rows sorted by source and id, so that no later step can depend on the order of the input. */
function orderOf(ids: readonly string[], sources: readonly number[]): Int32Array {
  const order = Int32Array.from(ids, (_, row) => row);
  order.sort((a, b) => {
    const bySource = sources[a]! - sources[b]!;
    if (bySource !== 0) return bySource;
    return ids[a]! < ids[b]! ? -1 : ids[a]! > ids[b]! ? 1 : 0;
  });
  for (let i = 1; i < order.length; i++) {
    const [before, here] = [order[i - 1]!, order[i]!];
    if (ids[before] === ids[here] && sources[before] === sources[here]) throw new DuplicateIdError(ids[here]!);
  }
  return order;
}

class GrowingColumn {
  private items = new Int32Array(1024);
  private length = 0;

  push(item: number): void {
    if (this.length === this.items.length) {
      const larger = new Int32Array(this.length * 2);
      larger.set(this.items);
      this.items = larger;
    }
    this.items[this.length++] = item;
  }

  inOrder(order: Int32Array): Int32Array {
    const sorted = new Int32Array(order.length);
    for (let i = 0; i < order.length; i++) sorted[i] = this.items[order[i]!]!;
    return sorted;
  }
}
