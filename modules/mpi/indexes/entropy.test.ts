import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { Person } from '../contract.ts';
import { bulkLoadPersons } from '../index.ts';
import { block_definitions } from '../linkage/block-definitions.ts';
import { somePersons, startMpiForTest } from '../testing.ts';
import { index_definitions } from './composites.ts';
import { assertIndexesAllowed, blocks_id, isWeak, least_bits } from './entropy.ts';
import { measureOnCountry } from './testing-entropy.ts';

const people = somePersons(20_000, 3);

/** Rows of the commonest value of an index over the generated people, and of all values. */
function measure(composites: (person: Person) => readonly (readonly string[])[]) {
  const counts = new Map<string, number>();
  for (const person of people)
    for (const composite of composites(person)) {
      const key = composite.join(' ');
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  return { entries: [...counts.values()].reduce((sum, one) => sum + one, 0), largest: Math.max(...counts.values()) };
}

test('every index and every block states 15 bits and is almost flat on generated people: no value is commoner than a household’s', () => {
  const measured = measureOnCountry({ seed: 3, persons: 20_000 });
  assert.equal(measured.length, index_definitions.length + block_definitions.length);
  for (const { name, stated_bits, largest, entries } of measured) {
    assert.ok(stated_bits >= least_bits, name);
    assert.ok(entries > 10_000, `${name} has ${entries} entries`);
    assert.ok(largest <= 8, `${name} has a value with ${largest} of ${entries} rows`);
  }
  for (const weak of [
    measure((person) => [[person.first_name, person.birth_date.slice(0, 4)]]),
    measure((person) => [[person.last_name]]),
  ])
    assert.ok(weak.largest > 8, 'what is weak would be seen');
});

test('an index by surname or birth date alone would betray itself, and is refused at start', () => {
  const by_surname = measure((person) => [[person.last_name]]);
  assert.ok(isWeak({ entries: 100_000, largest: by_surname.largest * 5 }));
  const surname = {
    id: 99,
    name: 'phone' as const,
    measured_bits: -Math.log2(by_surname.largest / by_surname.entries),
  };
  assert.throws(() => assertIndexesAllowed([...index_definitions, surname]), /too weak: at least 15 bits/);
  assert.throws(() => assertIndexesAllowed([{ ...surname, measured_bits: Number.NaN }]), /too weak/);
  assert.throws(() => assertIndexesAllowed([...index_definitions, ...index_definitions]), /same id/);
  const weak_block = { id: 199, name: 'surname', measured_bits: surname.measured_bits };
  assert.throws(
    () => assertIndexesAllowed([...index_definitions, ...block_definitions, weak_block]),
    /surname is too weak/,
  );
  assertIndexesAllowed([...index_definitions, ...block_definitions]);
});

test('a household on one telephone is no alarm, a clinic’s number for everybody is, from 100,000 entries on', () => {
  assert.equal(isWeak({ entries: 100_000, largest: 8 }), false);
  assert.equal(isWeak({ entries: 1_000_000, largest: 30 }), false);
  assert.equal(isWeak({ entries: 1_000_000, largest: 31 }), true);
  assert.equal(isWeak({ entries: 99_999, largest: 5_000 }), false);
});

test('the living indexes and blocks are measured, and the figures kept', async () => {
  const under_test = await startMpiForTest();
  try {
    const load = people.slice(0, 1_000).map((person) => ({
      id: randomUUID(),
      person,
      source: { type: 'declaration_request', id: randomUUID() },
    }));
    await bulkLoadPersons(under_test.options, load);
    const measureNow = () =>
      under_test.mpi.jobs.find((job) => job.name === 'measure_indexes')!.run({}, { signal: undefined });
    await measureNow();
    const { rows } = await under_test.superuser.query<{ index_id: number; entropy_bits: number }>(
      'select index_id, entropy_bits from mpi.index_measurements order by index_id',
    );
    assert.deepEqual(
      rows.map((row) => row.index_id),
      [...index_definitions.map(({ id }) => id), blocks_id],
    );
    for (const { entropy_bits } of rows) assert.ok(entropy_bits > 6 && entropy_bits < 11);
    await under_test.superuser.query(
      `insert into mpi.linkage_blocks (token, key_id, person_id)
       select 7, key_id, gen_random_uuid() from mpi.index_generations, generate_series(1, 300)`,
    );
    await measureNow();
    const { rows: blocks } = await under_test.superuser.query(
      'select largest::int, entropy_bits < 3 as is_poor from mpi.index_measurements where index_id = $1 order by measured_at desc limit 1',
      [blocks_id],
    );
    assert.deepEqual(blocks, [{ largest: 300, is_poor: true }], 'a value that many share shows');
  } finally {
    await under_test.close();
  }
});
