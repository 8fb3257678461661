import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { copyFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { createFileKeyProvider, KeyError, rotateKeyFile } from '@zdravo/kit/keys';
import { Problem } from '@zdravo/kit/problem';
import type { Person } from '../contract.ts';
import type { Mpi } from '../index.ts';
import { context, type MpiUnderTest, newKeyFile, somebody, somePersons, startMpiForTest } from '../testing.ts';

let under_test: MpiUnderTest;
const people = somePersons(260).filter((person) => person.tax_id && person.second_name);
let next = 0;
before(async () => {
  under_test = await startMpiForTest();
});
after(() => under_test?.close());

const newcomer = () => people[next++]!;
const run = (mpi: Mpi, name: string, signal?: AbortSignal) =>
  mpi.jobs.find((job) => job.name === name)!.run({}, { signal });
const generations = async () =>
  (
    await under_test.superuser.query<{ key_id: string; state: string; done: number; total: number }>(
      'select key_id, state, done::int, total::int from mpi.index_generations order by key_id',
    )
  ).rows;
const search = ({ first_name, last_name, birth_date }: Person, client = under_test.client) =>
  client.searchPersons({ body: { first_name, last_name, birth_date } }, context);

test('with a new generation of keys everybody is found before, during and after the re-index, also those who come meanwhile', async () => {
  const before_rotation = Array.from({ length: 130 }, newcomer);
  const ids = new Map<Person, string>();
  for (const person of before_rotation) ids.set(person, (await under_test.put(person)).id);
  const rotated_file = await newKeyFile();
  await copyFile(under_test.key_file, rotated_file);
  await rotateKeyFile(rotated_file);
  const rotated = await under_test.open(rotated_file);

  const stop = new AbortController();
  const half = run(rotated.mpi, 'reindex_persons', stop.signal);
  setTimeout(() => stop.abort(), 40);
  const meanwhile = Array.from({ length: 10 }, newcomer);
  for (const person of meanwhile) {
    const source = { type: 'declaration_request', id: randomUUID() };
    const { id } = await rotated.client.putPerson({ params: { id: randomUUID() }, body: { person, source } }, context);
    ids.set(person, id);
  }
  await half;
  for (const person of [before_rotation[0]!, meanwhile[9]!]) {
    const found = await search(person, rotated.client);
    assert.ok(found.result === 'found' && found.persons.some(({ id }) => id === ids.get(person)));
  }
  await run(rotated.mpi, 'reindex_persons');
  const [generation, ...others] = await generations();
  assert.deepEqual([generation!.key_id, generation!.state, others], ['2', 'serving', []]);
  assert.ok(generation!.done >= 100 && generation!.done <= ids.size);
  for (const [person, id] of ids) {
    const found = await search(person, rotated.client);
    assert.ok(found.result === 'found' && found.persons.some((one) => one.id === id));
    const match = await rotated.client.matchPerson({ body: { person } }, context);
    assert.ok(match.result === 'found' && match.id === id);
  }
  const { rows } = await under_test.superuser.query("select from mpi.blind_indexes where key_id = '1' limit 1");
  assert.equal(rows.length, 0, 'the old generation is gone');
  await run(rotated.mpi, 'rewrap_person_keys');
  const { rows: keys } = await under_test.keys_superuser.query(
    "select from wrapped_keys where key_id <> '2' and purpose not like '%epoch'",
  );
  assert.equal(keys.length, 0, 'every data key is wrapped anew');
});

test('a process with yesterday’s key file neither doubles anybody nor fails without a hint', async () => {
  const person = newcomer();
  await assert.rejects(under_test.put(person), (error: unknown) => {
    return error instanceof Problem && error.status === 503 && error.code === 'person_key_unknown';
  });
  await assert.rejects(under_test.open(under_test.key_file), (error: unknown) => {
    return error instanceof KeyError && error.code === 'key_unknown' && /older generation back/.test(error.hint);
  });
});

test('a key file without the older generation reads what is wrapped anew and names what is missing', async () => {
  const fresh = await startMpiForTest();
  try {
    const { id } = await fresh.put(newcomer());
    const provider = await createFileKeyProvider(fresh.key_file);
    const current_only = { ...provider, unwrap: async () => Promise.reject(await lost(provider)) };
    const { client } = await fresh.open(fresh.key_file, { key_provider: current_only });
    await assert.rejects(client.getPerson({ params: { id } }, context), (error: unknown) => {
      return error instanceof Problem && error.status === 503 && error.code === 'person_key_unknown';
    });
    assert.equal((await fresh.client.getPerson({ params: { id } }, context)).id, id, 'nothing was lost');
  } finally {
    await fresh.close();
  }
});

async function lost(provider: { unwrap: (wrapped: { key_id: string; bytes: Uint8Array }, context: never) => unknown }) {
  const wrapped = { key_id: 'lost', bytes: new Uint8Array(60) };
  try {
    await provider.unwrap(wrapped, {} as never);
    return new Error('opened');
  } catch (error) {
    return error;
  }
}

test('a corrupted ciphertext is told as such, touches nobody else and is healed by the next declaration', async () => {
  const fresh = await startMpiForTest();
  try {
    const [one, other] = [somebody({ tax_id: '3010203041' }), somebody({ tax_id: '3010203042', first_name: 'Ніна' })];
    const damaged = await fresh.put(one);
    const whole = await fresh.put(other);
    await fresh.superuser.query(
      'update mpi.person_versions set ciphertext = set_byte(ciphertext, 40, get_byte(ciphertext, 40) # 1) where person_id = $1',
      [damaged.id],
    );
    const read = (id: string) => fresh.client.getPerson({ params: { id } }, context);
    await assert.rejects(read(damaged.id), (error: unknown) => {
      return error instanceof Problem && error.status === 503 && error.code === 'person_key_refused';
    });
    assert.equal((await read(whole.id)).id, whole.id);
    const healed = await fresh.put({ ...one, email: 'one@example.com' });
    assert.equal(healed.id, damaged.id, 'recognised without reading');
    assert.equal((await read(damaged.id)).person.email, 'one@example.com');
  } finally {
    await fresh.close();
  }
});

test('a version cannot be passed off as another version or another person', async () => {
  const fresh = await startMpiForTest();
  try {
    const one = await fresh.put(somebody({ tax_id: '3010203041' }));
    await fresh.put(somebody({ tax_id: '3010203041', birth_settlement: 'Новий' }), one.id);
    await fresh.superuser.query(
      'update mpi.person_versions set ciphertext = (select ciphertext from mpi.person_versions where person_id = $1 and version = 1) where person_id = $1 and version = 2',
      [one.id],
    );
    await assert.rejects(fresh.client.getPerson({ params: { id: one.id } }, context), /cannot be read/);
  } finally {
    await fresh.close();
  }
});
