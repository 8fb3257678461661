import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { context, type MpiUnderTest, somePersons, startMpiForTest } from '../testing.ts';
import { bulkLoadPersons } from './bulk-load.ts';
import type { BulkPerson } from './person-rows.ts';

let bulk: MpiUnderTest;
let single: MpiUnderTest;
const people: BulkPerson[] = somePersons(300, 11).map((person) => ({
  id: randomUUID(),
  pseudonym: randomUUID(),
  person,
  source: { type: 'declaration_request', id: randomUUID() },
}));

before(async () => {
  [bulk, single] = await Promise.all([startMpiForTest(), startMpiForTest()]);
});
after(() => Promise.all([bulk?.close(), single?.close()]));

test('what is loaded in bulk is what single writes would have made: facts, indexes, keys, answers', async () => {
  const progress: number[] = [];
  const options = { ...bulk.options, batch_size: 64, onProgress: (persons: number) => progress.push(persons) };
  assert.deepEqual(await bulkLoadPersons(options, people), { persons: 300 });
  assert.deepEqual(progress, [64, 128, 192, 256, 300]);
  for (const { id, person, source } of people)
    await single.client.putPerson({ params: { id }, body: { person, source } }, context);
  for (const query of [
    'select index_id, count(*)::int from mpi.blind_indexes group by 1 order by 1',
    'select count(*)::int from mpi.identity_keys',
    'select id, version, status from mpi.persons order by id',
    'select id, birth_month::text, gender, deceased_on, phone_fanout from mpi.person_facts join mpi.persons using (pseudonym) order by id',
    'select person_id, version, octet_length(ciphertext), source_type, source_id, written_as from mpi.person_versions order by 1',
  ])
    assert.deepEqual((await bulk.superuser.query(query)).rows, (await single.superuser.query(query)).rows);
  for (const { id, person, pseudonym } of people.slice(0, 40)) {
    const read = await bulk.client.getPerson({ params: { id } }, context);
    assert.deepEqual([read.person, read.pseudonym], [person, pseudonym]);
    const match = await bulk.client.matchPerson({ body: { person } }, context);
    assert.deepEqual(match, await single.client.matchPerson({ body: { person } }, context));
  }
});

test('a person who was loaded is recognised by the next write, and a repetition of the source changes nothing', async () => {
  const { id, person, source } = people.find((one) => one.person.tax_id && one.person.second_name)!;
  const repeated = await bulk.client.putPerson({ params: { id }, body: { person, source } }, context);
  assert.deepEqual([repeated.created, repeated.version], [true, 1]);
  assert.equal((await bulk.put({ ...person, email: 'known@example.com' })).id, id);
});

test('a load beside persons who are there keeps telephone figures exact and takes no identity key away', async () => {
  const newcomers = people.slice(0, 50).map((one) => ({ ...one, id: randomUUID(), pseudonym: randomUUID() }));
  await bulkLoadPersons(bulk.options, newcomers);
  const { rows } = await bulk.superuser.query<{ wrong: number }>(`
    select count(*)::int as wrong from mpi.person_facts fact join mpi.persons person using (pseudonym)
    where phone_fanout <> coalesce((select max(n) from (
      select (select count(distinct person_id) from mpi.blind_indexes other where other.token = own.token and index_id = 6) as n
      from mpi.blind_indexes own where own.person_id = person.id and own.index_id = 6) counted), 0)`);
  assert.equal(rows[0]!.wrong, 0);
  const { id, person } = people.find((one) => one.person.tax_id && one.person.second_name)!;
  const match = await bulk.client.matchPerson({ body: { person } }, context);
  assert.ok(match.result === 'found' && match.id === id);
});

test('a load that fails leaves nothing of itself behind', async () => {
  const count = async () =>
    (await bulk.superuser.query('select count(*)::int as n from mpi.persons')).rows[0] as { n: number };
  const before_load = await count();
  const fresh = { ...people[0]!, id: randomUUID(), pseudonym: randomUUID() };
  await assert.rejects(bulkLoadPersons({ ...bulk.options, batch_size: 1 }, [fresh, people[1]!]), /duplicate key/);
  assert.deepEqual(await count(), before_load);
});
