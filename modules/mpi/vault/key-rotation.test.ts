import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { key_kinds } from '@zdravo/kit/testing';
import { context, somePersons, startMpiForTest } from '../testing.ts';

// Those of epochs are wrapped anew by whoever opens them (epochs.test.ts).
const wrapped_query = `select owner_id, purpose, key_id, bytes from wrapped_keys
  where bytes is not null and purpose not like '%epoch' order by 1, 2`;
const sealed_query = 'select person_id, version, data_key, ciphertext from mpi.person_versions order by 1, 2';

for (const [kind, start] of Object.entries(key_kinds)) {
  test(`keys of persons by ${kind}: a rotation wraps them anew and re-indexes, no ciphertext of a version changes, the old generation can go`, async () => {
    const keys = await start();
    const under_test = await startMpiForTest({ key_provider: await keys.open() });
    const { mpi, client, key_file } = under_test;
    const reopen = async () => (await under_test.open(key_file, { key_provider: await keys.open() })).client;
    try {
      const people = somePersons(6, kind);
      const ids: string[] = [];
      for (const person of people) {
        const body = { person, source: { type: 'declaration_request', id: randomUUID() } };
        ids.push((await client.putPerson({ params: { id: randomUUID() }, body }, context)).id);
      }
      const wrapped_before = (await under_test.keys_superuser.query(wrapped_query)).rows;
      const sealed_before = (await under_test.superuser.query(sealed_query)).rows;
      assert.ok(sealed_before.length >= 6 && wrapped_before.length >= 12);

      await keys.rotate();
      for (const job of ['reindex_persons', 'rewrap_person_keys'])
        await mpi.jobs.find(({ name }) => name === job)!.run({}, { signal: undefined });
      const generation = (await keys.open()).current_key_id();
      const wrapped = (await under_test.keys_superuser.query(wrapped_query)).rows;
      assert.deepEqual([...new Set(wrapped.map((row) => row.key_id))], [generation]);
      for (const [index, row] of wrapped.entries()) assert.notDeepEqual(row.bytes, wrapped_before[index].bytes);
      assert.deepEqual((await under_test.superuser.query(sealed_query)).rows, sealed_before);

      await keys.retireOlder();
      for (const one of [client, await reopen()]) {
        for (const [index, id] of ids.entries()) {
          assert.equal((await one.getPerson({ params: { id } }, context)).person.last_name, people[index]!.last_name);
          const match = await one.matchPerson({ body: { person: people[index]! } }, context);
          assert.ok(match.result === 'found' && match.id === id);
        }
      }
    } finally {
      await under_test.close();
      await keys.close();
    }
  });
}

test('while the key service is away a person is neither registered nor read, and nothing is taken for another', async () => {
  const keys = await key_kinds['vault']!();
  const under_test = await startMpiForTest({ key_provider: await keys.open() });
  try {
    const { client } = under_test;
    const [person, newcomer] = somePersons(2, 'away');
    const put = (one: NonNullable<typeof person>) =>
      client.putPerson(
        {
          params: { id: randomUUID() },
          body: { person: one, source: { type: 'declaration_request', id: randomUUID() } },
        },
        context,
      );
    const { id } = await put(person!);
    const counted = () => under_test.superuser.query('select count(*)::int as persons from mpi.persons');
    await keys.close();
    for (const work of [() => put(newcomer!), () => client.getPerson({ params: { id } }, context)])
      await assert.rejects(work, { status: 503, code: 'key_service_unavailable' });
    assert.equal((await counted()).rows[0].persons, 1);
  } finally {
    await under_test.close();
  }
});
