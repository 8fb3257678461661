import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { Person } from '../contract.ts';
import { identityRules } from '../identity-rules.ts';
import { bulkLoadPersons } from '../index.ts';
import { somePersons, startMpiForTest } from '../testing.ts';
import { index_definitions } from './composites.ts';
import { assertIndexesAllowed, isWeak } from './entropy.ts';

const rules = identityRules({ normalise: (name) => name.toLowerCase() });
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

test('every index is almost flat on generated people: no value is commoner than a household', () => {
  for (const { name, composites } of index_definitions) {
    const { largest, entries } = measure((person) => composites(person, rules));
    assert.ok(largest <= 16, `${name} has a value with ${largest} of ${entries} rows`);
  }
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
  assertIndexesAllowed(index_definitions);
});

test('a household on one telephone is no alarm, a clinic’s number for everybody is, from 100,000 entries on', () => {
  assert.equal(isWeak({ entries: 100_000, largest: 8 }), false);
  assert.equal(isWeak({ entries: 1_000_000, largest: 30 }), false);
  assert.equal(isWeak({ entries: 1_000_000, largest: 31 }), true);
  assert.equal(isWeak({ entries: 99_999, largest: 5_000 }), false);
});

test('the living indexes are measured, and the figures kept', async () => {
  const under_test = await startMpiForTest();
  try {
    const load = people.slice(0, 1_000).map((person) => ({
      id: randomUUID(),
      person,
      source: { type: 'declaration_request', id: randomUUID() },
    }));
    await bulkLoadPersons(under_test.options, load);
    await under_test.mpi.jobs.find((job) => job.name === 'measure_indexes')!.run({}, { signal: undefined });
    const { rows } = await under_test.superuser.query<{ index_id: number; entropy_bits: number }>(
      'select index_id, entropy_bits from mpi.index_measurements order by index_id',
    );
    assert.deepEqual(
      rows.map((row) => row.index_id),
      index_definitions.map(({ id }) => id),
    );
    for (const { entropy_bits } of rows) assert.ok(entropy_bits > 6 && entropy_bits < 11);
  } finally {
    await under_test.close();
  }
});
