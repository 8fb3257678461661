import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { correlationClusters } from './clustering/correlation.ts';
import { evaluateClusters } from './evaluate.ts';
import { fieldType, type TypeName } from './fields/types.ts';
import { linkRecords } from './link.ts';
import { createMatcher } from './matcher.ts';
import { modelOf, readModel } from './model.ts';
import { keyedHash, tokensOf } from './records/hashing.ts';
import { createTableBuilder, type Field, type RecordTable } from './records/table.ts';
import { syntheticPeople } from './synthetic-people.ts';

const TYPES: Record<string, TypeName> = {
  first_name: 'given_name',
  last_name: 'surname',
  birth_date: 'date',
  settlement: 'name',
  phone: 'phone',
  tax_number: 'identifier',
};
const FIELDS: Field[] = Object.entries(TYPES).map(([name, type]) => ({ name, type: fieldType(type) }));
FIELDS[0]!.swaps_with = 1;
const RESOLVED = Object.entries(TYPES).map(([name, type]) => ({
  name,
  type,
  columns: [name],
  weight: 1,
  weights: {},
  ...(name === 'first_name' ? { swaps_with: 'last_name' } : {}),
}));
const hash = keyedHash(Buffer.from('a key of the test'));

type Person = ReturnType<typeof syntheticPeople>[number];

function tableOf(people: readonly Person[], kind: 'values' | 'tokens' = 'values'): RecordTable {
  const builder = createTableBuilder(FIELDS, kind);
  for (const { id, entity, values } of people) {
    if (kind === 'values') builder.addValues({ id, truth: entity }, values);
    else
      builder.addTokens(
        { id, truth: entity },
        values.map((value, field) => tokensFor(FIELDS[field]!, value)),
      );
  }
  return builder.build();
}

function tokensFor({ type }: Field, value: string): Int32Array {
  const normalised = value === '' ? null : type.normalise(value);
  return normalised === null ? new Int32Array(0) : tokensOf(type, normalised, hash);
}

function shuffled<T>(items: readonly T[], seed: number): T[] {
  let state = seed;
  const copy = [...items];
  for (let i = copy.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = state % (i + 1);
    [copy[i], copy[j]] = [copy[j]!, copy[i]!];
  }
  return copy;
}

test('families with twins: relatives stay apart, duplicates are found, without any example', () => {
  const table = tableOf(syntheticPeople(6000, 7));
  const result = linkRecords(table);
  const { precision, recall } = evaluateClusters(result.clusterOf, table.truth!);
  assert.notEqual(result.household, null, result.household_note);
  assert.equal(precision > 0.97, true, `precision ${precision}; ${result.household_note}`);
  assert.equal(recall > 0.97, true, `recall ${recall}`);
});

test('the same code links keyed tokens alone within .01 of plain values', () => {
  const people = syntheticPeople(3000, 11);
  const f1Of = (kind: 'values' | 'tokens'): number => {
    const table = tableOf(people, kind);
    return evaluateClusters(linkRecords(table).clusterOf, table.truth!).f1;
  };
  const [values, tokens] = [f1Of('values'), f1Of('tokens')];
  assert.equal(tokens > values - 0.01, true, `values ${values}, tokens ${tokens}`);
});

test('the order of the input changes nothing', () => {
  const people = syntheticPeople(400, 3);
  const clustersOf = (input: readonly Person[]) => {
    const table = tableOf(input);
    const { clusterOf, prior } = linkRecords(table);
    return { prior, clusters: table.ids.map((id, row) => [id, table.ids[clusterOf[row]!]]) };
  };
  const expected = clustersOf(people);
  for (const seed of [1, 2, 3]) assert.deepEqual(clustersOf(shuffled(people, seed)), expected);
});

test('absent is not equal: records that share nothing but gaps are not one', () => {
  const people = syntheticPeople(300, 5);
  const empty = ['a', 'b', 'c'].map((id) => ({ id: `empty-${id}`, entity: id, values: ['', '', '', '', '', ''] }));
  const table = tableOf([...people, ...empty]);
  const { clusterOf } = linkRecords(table);
  for (const [row, id] of table.ids.entries()) if (id.startsWith('empty')) assert.equal(clusterOf[row], row);
});

test('a model survives its file and explains a decision in bits that add up', () => {
  const table = tableOf(syntheticPeople(3000, 13));
  const model = readModel(
    JSON.parse(JSON.stringify(modelOf(table, linkRecords(table), { kind: 'values', fields: RESOLVED }))),
  );
  const matcher = createMatcher(model);
  const [left, right] = [
    ['Сергій', 'Коваленко', '1980-05-06', 'Полтава', '0501234567', '2932412345'],
    ['Сергей', 'Коваленко', '1980-05-06', '', '0501234567', '2932412345'],
  ];
  const { probability, log2_odds, prior_bits, household_bits, fields } = matcher.compareValues(left!, right!);
  assert.equal(probability > 0.999, true);
  assert.equal(fields[0]!.level, 'equivalent');
  assert.equal(fields[3]!.level, 'absent');
  assert.equal(fields[3]!.bits, 0);
  const sum = fields.reduce((total, { bits }) => total + bits, prior_bits + household_bits);
  assert.equal(Math.abs(sum - log2_odds) < 1e-9, true);
  assert.deepEqual(
    matcher.compareValues(right!, left!).fields.map(({ level }) => level),
    fields.map(({ level }) => level),
  );
});

test('a trained model links other records of the same kind', () => {
  const table = tableOf(syntheticPeople(3000, 13));
  const trained = linkRecords(table);
  const other = tableOf(syntheticPeople(3000, 17));
  const { f1 } = evaluateClusters(linkRecords(other, { trained }).clusterOf, other.truth!);
  assert.equal(f1 > 0.96, true, `F1 ${f1}`);
});

test('a model of another format or version is refused with a reason', () => {
  assert.throws(() => readModel({}), /no linkage model/);
  assert.throws(() => readModel({ format: 'zdravo-linkage-model', version: 99 }), /version 99/);
});

test('clustering does not depend on the order of pairs, and strong disagreement parts a chain', () => {
  const clusters = (edges: readonly (readonly [number, number, number])[]): number[] =>
    Array.from(
      correlationClusters(6, {
        size: edges.length,
        left: Int32Array.from(edges, ([a]) => a),
        right: Int32Array.from(edges, ([, b]) => b),
        weight: Float64Array.from(edges, ([, , weight]) => weight),
      }),
    );
  assert.deepEqual(
    clusters([
      [0, 1, 5],
      [1, 2, 3],
      [0, 2, -8],
    ]),
    [0, 0, 2, 3, 4, 5],
  );
  const edge = fc.tuple(fc.nat(5), fc.nat(5), fc.integer({ min: -9, max: 9 })).filter(([a, b]) => a < b);
  const edges = fc.uniqueArray(edge, { selector: ([a, b]) => a * 6 + b });
  fc.assert(
    fc.property(edges, fc.nat(), (pairs, seed) => assert.deepEqual(clusters(shuffled(pairs, seed)), clusters(pairs))),
  );
});

test('pairs and B³ are counted as by hand', () => {
  const found = evaluateClusters(Int32Array.of(0, 0, 0, 3), Int32Array.of(1, 1, 2, 2));
  assert.deepEqual([found.true_pairs, found.found_pairs, found.correct_pairs], [2, 3, 1]);
  assert.equal(found.b3.precision, (2 / 3 + 2 / 3 + 1 / 3 + 1) / 4);
  assert.equal(found.b3.recall, (1 + 1 + 0.5 + 0.5) / 4);
});

test('where no frequencies are known none is guessed, and among more records the same agreement proves less', () => {
  const table = tableOf(syntheticPeople(3000, 13));
  const model = modelOf(table, linkRecords(table), { kind: 'values', fields: RESOLVED });
  const pair = [
    ['Сергій', 'Коваленко', '1980-05-06', 'Полтава', '0501234567', ''],
    ['Сергій', 'Коваленко', '1980-05-06', 'Полтава', '0501234567', ''],
  ] as const;
  const bare = { ...model, frequencies: model.frequencies.map(({ entities }) => ({ entities, common: [] })) };
  for (const { frequency_bits } of createMatcher(bare).compareValues(...pair).fields) assert.equal(frequency_bits, 0);
  const bits = (population?: number): number => createMatcher(model, { population }).compareValues(...pair).prior_bits;
  const lost = bits() - bits(10 * model.training.records);
  assert.equal(Math.abs(lost - Math.log2(10)) < 0.001, true, `${lost} bits`);
  assert.equal(bits(10), bits());
});
