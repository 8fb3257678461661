import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { testLogger } from '@zdravo/kit/testing';
import { appendLeaves, EMPTY_FRONTIER, frontierRoot, hashLeaf } from '@zdravo/tlog';
import pg from 'pg';
import { bulkLoadPersons } from '../bulk/bulk-load.ts';
import { context, type MpiUnderTest, somePersons, startMpiForTest } from '../testing.ts';
import { openVersionAudit, type VersionAudit } from './audit-versions.ts';
import { batchLoadedVersions } from './batch-versions.ts';

let under_test: MpiUnderTest;
let auditor: VersionAudit;
const people = somePersons(300, 'versions');

before(async () => {
  under_test = await startMpiForTest();
  auditor = openVersionAudit({ database_url: under_test.database_url, log: testLogger('auditor') });
});
after(async () => {
  await auditor?.close();
  await under_test?.close();
});

const query = async (text: string, values?: unknown[]) => (await under_test.superuser.query(text, values)).rows;
const put = async () => (await under_test.put(people.pop()!)).id;

async function takeBatches(signal?: AbortSignal): Promise<void> {
  await under_test.mpi.jobs.find(({ name }) => name === 'batch_person_versions')!.run({}, { signal });
}

const listBatches = () => under_test.client.listVersionBatches({ query: { limit: 1000 } }, context);
const waiting = async () => (await query('select count(*)::int as n from mpi.unbatched_versions'))[0].n as number;

/** Nothing is wrong, with the versions or with what the batches say of them. */
async function assertWhole(): Promise<void> {
  const { faults, heads } = await auditor.findFaults();
  assert.deepEqual([faults, heads], [[], []]);
  for (const { root, count, folded } of await auditor.readBatches((await listBatches()).map(({ id }) => id)))
    assert.deepEqual(folded, { root, count });
}

test('who writes waits for a batch, whoever writes: what is written and what is rolled back, singly and in bulk', async () => {
  await put();
  const client = await under_test.superuser.connect();
  await client.query('begin');
  const copied = `insert into mpi.person_versions (person_id, version, ciphertext, source_type, source_id)
    select person_id, 2, ciphertext, source_type, source_id from mpi.person_versions`;
  await client.query(copied);
  await client.query('rollback');
  client.release();
  assert.equal(await waiting(), 1);
  const loaded = people.splice(0, 20).map((person) => ({ id: randomUUID(), person, source: source() }));
  await bulkLoadPersons({ ...under_test.options, batch_size: 7 }, loaded);
  assert.equal(await waiting(), 21);
  await takeBatches();
  assert.equal(await waiting(), 0);
  const [batch, ...others] = await listBatches();
  assert.deepEqual([others, batch!.position, batch!.count, batch!.is_last], [[], 1, 21, true]);
  await assertWhole();
  assert.equal((await auditor.findFaults()).versions, 21);
});

const source = () => ({ type: 'declaration_request', id: randomUUID() });

test('a batch is what decision 81 says: digests of whole rows, sorted, folded as RFC 6962 does, computed here anew', async () => {
  await put();
  await takeBatches();
  const rows = await query('select *, extract(epoch from recorded_at) * 1000000 as us from mpi.person_versions');
  const digests = new Map(rows.map((row) => [`${row.person_id} ${row.version}`, digestByHand(row)]));
  const members = await query('select person_id, version, batch, digest from mpi.batched_versions');
  assert.ok(members.length >= 22 && rows.length === members.length);
  for (const { person_id, version, digest } of members)
    assert.deepEqual(digest, digests.get(`${person_id} ${version}`));
  for (const { position, root, count } of await listBatches()) {
    const sorted = members.filter(({ batch }) => Number(batch) === position).map(({ digest }) => digest as Buffer);
    sorted.sort(Buffer.compare);
    assert.equal(Buffer.from(frontierRoot(appendLeaves(EMPTY_FRONTIER, sorted.map(hashLeaf)))).toString('hex'), root);
    assert.equal(sorted.length, count);
  }
});

type StoredRow = Record<'person_id' | 'source_id' | 'source_type' | 'us', string> &
  Record<'version' | 'schema_version' | 'data_key', number> &
  Record<'content_mac' | 'ciphertext', Buffer> & { written_as: string | null };

/** Of the decision's words alone: number of columns, then type (by its number in the catalogue), length and bytes of each. */
function digestByHand(row: StoredRow): Buffer {
  const number = (bytes: number, value: bigint | number) =>
    Buffer.from(BigInt.asUintN(64, BigInt(value)).toString(16).padStart(16, '0'), 'hex').subarray(8 - bytes);
  const uuid = (value: string | null) => value && Buffer.from(value.replaceAll('-', ''), 'hex');
  const microseconds_2000 = 946_684_800_000_000n;
  const columns: [type: number, bytes: Buffer | null | ''][] = [
    [2950, uuid(row['person_id'])],
    [23, number(4, row['version'])],
    [21, number(2, row['schema_version'])],
    [21, number(2, row['data_key'])],
    [25, Buffer.from(row['source_type'])],
    [2950, uuid(row['source_id'])],
    [2950, uuid(row['written_as'])],
    [1184, number(8, BigInt(Number(row['us'])) - microseconds_2000)],
    [17, row['content_mac']],
    [17, row['ciphertext']],
  ];
  const parts = columns.flatMap(([type, bytes]) => [
    number(4, type),
    number(4, bytes ? bytes.length : -1),
    bytes || Buffer.alloc(0),
  ]);
  return createHash('sha256')
    .update(Buffer.concat([number(4, columns.length), ...parts]))
    .digest();
}

test('a late commit is in the next batch, and does not look back-dated', async () => {
  const late = new pg.Client({ connectionString: under_test.database_url });
  await late.connect();
  const id = await put();
  await late.query('begin');
  await late.query(`insert into mpi.person_versions (person_id, version, ciphertext, source_type, source_id)
    select person_id, 2, ciphertext, source_type, source_id from mpi.person_versions where person_id = '${id}'`);
  await late.query(`update mpi.persons set version = 2 where id = '${id}'`);
  await put();
  await takeBatches();
  const seen = await listBatches();
  await late.query('commit');
  await late.end();
  assert.equal(await waiting(), 1);
  await takeBatches();
  const [newest] = await listBatches();
  assert.deepEqual([newest!.position, newest!.count], [seen[0]!.position + 1, 1]);
  await assertWhole();
});

test('two jobs at once put each version into one batch; a job that fails half-way has done nothing', async () => {
  for (let at = 0; at < 10; at += 1) await put();
  await query('alter table mpi.version_batches add constraint refused check (false) not valid');
  await assert.rejects(takeBatches(), /refused/);
  assert.equal(await waiting(), 10);
  await query('alter table mpi.version_batches drop constraint refused');
  const other = await under_test.open(under_test.key_file);
  const jobs = [under_test.mpi, other.mpi].map(
    ({ jobs }) => jobs.find(({ name }) => name === 'batch_person_versions')!,
  );
  await Promise.all([...jobs, ...jobs].map((job) => job.run({}, { signal: undefined })));
  await takeBatches();
  assert.equal(await waiting(), 0);
  await assertWhole();
});

test('what an older installation holds is worked off in batches of 1,024 that may be stopped; what waits twice is taken once', async () => {
  const [{ id }] = await query('select id from mpi.persons limit 1');
  await query('alter table mpi.person_versions disable trigger person_versions_queue');
  await query(
    `insert into mpi.person_versions (person_id, version, ciphertext, source_type, source_id)
     select $1, 1 + n, 'x', 'older', gen_random_uuid() from generate_series(1, 9000) n`,
    [id],
  );
  await query('update mpi.persons set version = 9001 where id = $1', [id]);
  await query('alter table mpi.person_versions enable trigger person_versions_queue');
  assert.equal((await auditor.findFaults()).faults.length, 1000);
  const migration = await readFile(join(import.meta.dirname, '../migrations/0052_older_versions_wait.sql'), 'utf8');
  // What waits already when the migration comes, waits twice.
  await put();
  const already = (await query('select count(*)::int as n from mpi.person_versions'))[0].n - 9000 + 1;
  await query(migration);
  const before = (await listBatches()).length;
  const stopping = new AbortController();
  const stopped = takeBatches(stopping.signal);
  stopping.abort();
  await stopped;
  assert.equal(await waiting(), 9000 + already - 1024);
  await takeBatches();
  const batches = (await listBatches()).slice(0, -before);
  assert.equal(await waiting(), 0);
  assert.equal(
    batches.reduce((sum, { count }) => sum + count, 0),
    9001,
  );
  assert.ok(batches.every(({ count }) => count <= 1024) && batches[0]!.is_last);
  await assertWhole();
});

test('what was loaded in bulk goes into batches at the end of the load, not beside those who sign', async () => {
  const source = { type: 'declaration_request', id: randomUUID() };
  const persons = people.splice(-50).map((person) => ({ id: randomUUID(), person, source }));
  await bulkLoadPersons(under_test.options, persons);
  assert.equal(await waiting(), 50);
  assert.equal(await batchLoadedVersions(under_test.options), 1);
  assert.equal(await waiting(), 0);
  assert.equal(await batchLoadedVersions(under_test.options), 0);
  await assertWhole();
});

test('what waits longer than it may is told, batches too, and nothing of a server that has just started', async () => {
  const impatient = openVersionAudit({
    database_url: under_test.database_url,
    log: testLogger('auditor'),
    longest_wait_s: 0,
  });
  try {
    const old = async (audit: VersionAudit) => [
      (await audit.findFaults()).overdue.count,
      (await audit.listOldBatches()).length,
    ];
    const batches = (await listBatches()).length;
    assert.deepEqual(await old(impatient), [0, batches]);
    await put();
    assert.deepEqual(await old(impatient), [1, batches]);
    await query("update mpi.version_batches set taken_at = taken_at - interval '1 year'");
    await query(
      "update mpi.person_versions row set recorded_at = recorded_at - interval '1 year' from mpi.unbatched_versions waiting where waiting.person_id = row.person_id",
    );
    const [started] = await query("select pg_postmaster_start_time() < now() - interval '5 minutes' as long_ago");
    assert.deepEqual(await old(auditor), started.long_ago ? [1, batches] : [0, 0]);
  } finally {
    await query("update mpi.version_batches set taken_at = taken_at + interval '1 year'");
    await query(
      "update mpi.person_versions row set recorded_at = recorded_at + interval '1 year' from mpi.unbatched_versions waiting where waiting.person_id = row.person_id",
    );
    await impatient.close();
  }
});

test('while a bulk load is under way no batch is taken: its rows are older than what would be', async () => {
  await takeBatches();
  await put();
  const loading = Promise.withResolvers<void>();
  const going_on = Promise.withResolvers<void>();
  const loaded = bulkLoadPersons(under_test.options, held(loading.resolve, going_on.promise));
  await loading.promise;
  await takeBatches();
  assert.equal(await waiting(), 1);
  going_on.resolve();
  await loaded;
  await takeBatches();
  assert.equal(await waiting(), 0);
  await assertWhole();
});

async function* held(reached: () => void, until: Promise<void>) {
  yield { id: randomUUID(), person: people.pop()!, source: source() };
  reached();
  await until;
}

test('the index only adds to batches and digests; the auditor only reads, and no token, key or sketch', async () => {
  const refused = {
    zdravo_mpi: [
      'update mpi.version_batches set count = 9',
      'delete from mpi.version_batches',
      'update mpi.batched_versions set batch = 1',
      'delete from mpi.batched_versions',
      'truncate mpi.batched_versions',
      'update mpi.unbatched_versions set version = 9',
      'alter table mpi.person_versions disable trigger person_versions_queue',
    ],
    zdravo_mpi_auditor: [
      'insert into mpi.version_batches default values',
      'delete from mpi.unbatched_versions',
      'update mpi.person_versions set version = 9',
      'select from mpi.blind_indexes',
      'select from mpi.identity_keys',
      'select from mpi.linkage_sketches',
      'select from mpi.person_facts',
    ],
    zdravo_mpi_linker: ['select from mpi.batched_versions', 'select from mpi.unbatched_versions'],
    zdravo_mpi_review: ['select from mpi.batched_versions', 'select from mpi.version_batches'],
  };
  const client = await under_test.superuser.connect();
  for (const [role, statements] of Object.entries(refused)) {
    await client.query(`set role ${role}`);
    for (const statement of statements)
      await assert.rejects(client.query(statement), /permission denied|must be owner/, `${role}: ${statement}`);
    await client.query('reset role');
  }
  client.release();
});
