import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Problem } from '@zdravo/kit/problem';
import { asker, context, eventsUntil, type MpiUnderTest, somebody, startMpiForTest } from '../testing.ts';

let under_test: MpiUnderTest;
before(async () => {
  under_test = await startMpiForTest();
});
after(() => under_test?.close());

const erase = (id: string) =>
  under_test.client.erasePerson({ params: { id }, body: { order_id: randomUUID() } }, context);
const read = (id: string) => under_test.client.getPerson({ params: { id } }, context);
const hasStatus = (status: number) => (error: unknown) => error instanceof Problem && error.status === status;
const tables = ['persons', 'person_versions', 'blind_indexes', 'identity_keys', 'person_facts'];

test('a backup of the main database, restored after the erasure, does not bring the person back', async () => {
  const person = somebody({ tax_id: '3100200301' });
  const { id } = await under_test.put(person);
  const neighbour = await under_test.put(somebody({ tax_id: '3100200302', first_name: 'Ганна' }));
  for (const table of tables)
    await under_test.superuser.query(`create table public.backup_${table} as select * from mpi.${table}`);
  await erase(id);
  await assert.rejects(read(id), hasStatus(410));
  await restoreBackup();
  await assert.rejects(read(id), (error: unknown) => {
    return error instanceof Problem && error.status === 503 && error.code === 'person_key_unknown';
  });
  await assert.rejects(under_test.put({ ...person, email: 'a@example.com' }, id), hasStatus(410));
  assert.equal((await read(neighbour.id)).id, neighbour.id);
  const { rows } = await under_test.keys_superuser.query('select bytes from wrapped_keys where owner_id = $1', [id]);
  assert.deepEqual(rows, [{ bytes: null }, { bytes: null }]);
});

async function restoreBackup(): Promise<void> {
  const client = await under_test.superuser.connect();
  await client.query("set session_replication_role = 'replica'");
  for (const table of tables) {
    await client.query(`delete from mpi.${table}`);
    const { rows } = await client.query<{ columns: string }>(
      `select string_agg(attname, ',') as columns from pg_attribute
       where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''`,
      [`mpi.${table}`],
    );
    const { columns } = rows[0]!;
    await client.query(`insert into mpi.${table} (${columns}) select ${columns} from public.backup_${table}`);
  }
  await client.query("set session_replication_role = 'origin'");
  client.release();
}

test('an erasure takes everybody along who was merged in, and all who hold an id are told', async () => {
  const parent = await under_test.put(somebody({ tax_id: '3100200303', first_name: 'Ада' }));
  const old = await under_test.put(somebody({ tax_id: '3100200304', first_name: 'Ада' }));
  await under_test.mpi.links.merge(
    { id: randomUUID(), parent_id: parent.id, merged_id: old.id, reason: 'reviewed' },
    asker,
  );
  const erased = await erase(old.id);
  assert.equal(erased.id, parent.id);
  assert.deepEqual(await erase(parent.id), erased, 'the same answer for whoever asks again');
  for (const id of [parent.id, old.id]) await assert.rejects(read(id), hasStatus(410));
  const { rows } = await under_test.keys_superuser.query(
    'select from wrapped_keys where owner_id = any($1) and bytes is not null',
    [[parent.id, old.id]],
  );
  assert.equal(rows.length, 0);
  const events = await eventsUntil(under_test, 'person.erased', parent.id);
  const told = events.filter((event) => event.type === 'person.erased').map((event) => event.object_id);
  assert.ok(told.includes(parent.id) && told.includes(old.id));
  const again = await under_test.put(somebody({ tax_id: '3100200303', first_name: 'Ада' }));
  assert.equal(again.created, true, 'nothing of the erased person recognises them');
});

test('keys that a crash left behind are dropped by the job', async () => {
  const { id } = await under_test.put(somebody({ tax_id: '3100200305', first_name: 'Роксолана' }));
  await erase(id);
  await under_test.superuser.query('update mpi.erasures set keys_dropped_at = null where person_id = $1', [id]);
  await under_test.keys_superuser.query("update wrapped_keys set bytes = 'x', dropped_at = null where owner_id = $1", [
    id,
  ]);
  await under_test.mpi.jobs.find((job) => job.name === 'finish_erasures')!.run({}, { signal: undefined });
  const { rows } = await under_test.keys_superuser.query('select bytes from wrapped_keys where owner_id = $1', [id]);
  assert.deepEqual(rows, [{ bytes: null }, { bytes: null }]);
});

test('an erasure and 30 writes at once end in a tombstone and a clear refusal', async () => {
  const person = somebody({ tax_id: '3100200306', first_name: 'Меланія' });
  const { id } = await under_test.put(person);
  const writes = Array.from({ length: 30 }, (_, at) => under_test.put({ ...person, email: `${at}@example.com` }, id));
  const outcomes = await Promise.allSettled([...writes, erase(id)]);
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') assert.ok([409, 410].includes((outcome.reason as Problem).status));
  await assert.rejects(read(id), hasStatus(410));
  const { rows } = await under_test.superuser.query(
    'select from mpi.blind_indexes where person_id = $1 union all select from mpi.identity_keys where person_id = $1',
    [id],
  );
  assert.equal(rows.length, 0);
});
