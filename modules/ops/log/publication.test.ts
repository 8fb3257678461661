import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { openDatabase } from '@zdravo/kit/db';
import { Problem } from '@zdravo/kit/problem';
import { testLogger } from '@zdravo/kit/testing';
import {
  type CheckpointStore,
  createMemoryCheckpointStore,
  createMemoryTileStore,
  hashLeaf,
  readEntries,
  readRoot,
  type TileStore,
  verifyCheckpoint,
  verifyPromise,
} from '@zdravo/tlog';
import pg from 'pg';
import type { Tables } from '../tables.ts';
import { type OpsUnderTest, someDeclaration, startOpsForTest } from '../testing.ts';
import { LogRefusal } from './refusals.ts';
import { adoptPublished, refillFromBundles } from './repairs.ts';
import { createSequencer } from './sequencer.ts';
import { startWitnessedLog, stopServer, type WitnessedLog } from './testing-witnesses.ts';
import { published_name, signed_name } from './transparency-log.ts';

const context = { request_id: 'test-request' };
let log: WitnessedLog;
let tiles: TileStore & { paths(): string[] };
let checkpoints: ReturnType<typeof breakable>;
let ops: OpsUnderTest;
let superuser: pg.Client;
/** As the sequencer's role, for rivals and operators. */
let second: ReturnType<typeof openDatabase<Tables>>;
let migrator: ReturnType<typeof openDatabase<Tables>>;

before(async () => {
  tiles = createMemoryTileStore();
  checkpoints = breakable(createMemoryCheckpointStore());
  log = await startWitnessedLog({ tiles, checkpoints });
  ops = await startOpsForTest({ transparency_log: log.transparency_log });
  superuser = new pg.Client({ connectionString: ops.database_url });
  await superuser.connect();
  const common = { url: ops.database_url, application_name: 'rival' };
  second = openDatabase<Tables>({ ...common, role: 'zdravo_ops_sequencer' });
  migrator = openDatabase<Tables>(common);
});
after(async () => {
  await superuser?.end();
  await second?.close();
  await migrator?.close();
  await ops?.close();
  await log?.close();
});

/** A store whose next swap fails: before it happened, or after. */
function breakable(store: CheckpointStore): CheckpointStore & { failNext(when: 'before' | 'after'): void } {
  let failing: 'before' | 'after' | undefined;
  return {
    failNext: (when) => {
      failing = when;
    },
    get: (name) => store.get(name),
    compareAndSwap: async (name, expected, next) => {
      const when = failing;
      failing = undefined;
      if (when === 'before') throw new Error('the store failed and did nothing');
      const swapped = await store.compareAndSwap(name, expected, next);
      if (when === 'after') throw new Error('the store failed but did it');
      return swapped;
    },
  };
}

async function store(count: number) {
  const answers = [];
  for (let at = 0; at < count; at++)
    answers.push(await ops.client.putDeclaration({ params: { id: randomUUID() }, body: someDeclaration() }, context));
  return answers;
}

async function published() {
  return verifyCheckpoint((await checkpoints.get(published_name))!, log.transparency_log.policy);
}

/** The published tree holds every entry of the database, in order, and nothing else. */
async function assertPublishedWhole(): Promise<bigint> {
  const { checkpoint } = await published();
  const bundled = await Array.fromAsync(readEntries(tiles, { from: 0n, size: checkpoint.size }));
  const { rows } = await superuser.query<{ leaf_index: string; entry: Buffer }>(
    'select leaf_index, entry from ops.log_entries order by leaf_index',
  );
  assert.deepEqual(
    rows.map((row) => [BigInt(row.leaf_index), row.entry.toString()]),
    bundled.map(({ index, entry }) => [index, Buffer.from(entry).toString()]),
  );
  assert.deepEqual(await readRoot({ store: tiles, size: checkpoint.size }), checkpoint.root);
  return checkpoint.size;
}

test('a checkpoint is published with its quorum, its files lead to its root, and superseded partial tiles go', async () => {
  await store(3);
  assert.equal(await ops.ops.sequencer.drain(), 3);
  assert.equal(await assertPublishedWhole(), 3n);
  assert.ok((await published()).cosigners.length >= 2);
  assert.ok(tiles.paths().includes('tile/0/000.p/3'));
  await superuser.query(`
    insert into ops.pending_leaves (record_id, version, entry)
    select gen_random_uuid(), 1, convert_to('entry ' || n, 'UTF8') from generate_series(1, 300) n`);
  await ops.ops.sequencer.drain();
  assert.equal(await assertPublishedWhole(), 303n);
  assert.deepEqual(
    tiles.paths().filter((path) => path.includes('.p/')),
    ['tile/0/001.p/47', 'tile/1/000.p/1', 'tile/entries/001.p/47'],
  );
});

test('the answer of a write carries a promise under a key of its own, the same at every repetition', async () => {
  const id = randomUUID();
  const body = someDeclaration();
  const first = await ops.client.putDeclaration({ params: { id }, body }, context);
  const again = await ops.client.putDeclaration({ params: { id }, body }, context);
  assert.equal(again.promise, first.promise);
  const { promise_signer, signers } = log.transparency_log;
  const promise = verifyPromise(Buffer.from(first.promise), [promise_signer.key]);
  assert.equal(Buffer.from(promise.leaf_hash).toString('hex'), first.leaf_hash);
  assert.equal(promise.deadline - promise.stored_at, 60n);
  assert.throws(() => verifyPromise(Buffer.from(first.promise), [signers[0]!.key]), /no trusted key/);
  await ops.ops.sequencer.drain();
  const entries = await Array.fromAsync(readEntries(tiles, { from: 0n, size: (await published()).checkpoint.size }));
  assert.ok(entries.some(({ entry }) => Buffer.from(hashLeaf(entry)).equals(Buffer.from(promise.leaf_hash))));
});

for (const when of ['before', 'after'] as const)
  test(`when the store of signed checkpoints fails ${when} the swap, the next round publishes all, once`, async () => {
    await store(2);
    checkpoints.failNext(when);
    await assert.rejects(ops.ops.sequencer.drain(), /the store failed/);
    await store(1);
    await ops.ops.sequencer.drain();
    await assertPublishedWhole();
  });

test('two leaders at once and a leader that loses its connection in the middle of a batch leave no gap', async () => {
  const rival = createSequencer({ db: second.db, log: testLogger(), transparency_log: log.transparency_log });
  for (let round = 0; round < 5; round++) {
    await store(4);
    const killed = superuser.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ops-sequencer' and datname = current_database()",
    );
    await Promise.allSettled([ops.ops.sequencer.drain(), rival.drain(), killed]);
  }
  await store(1);
  await rival.drain();
  await ops.ops.sequencer.drain();
  await assertPublishedWhole();
  await rival.stop();
});

test('without a quorum writes go on and nothing is published; when the witnesses are back, everything is', async () => {
  const before_outage = (await published()).checkpoint.size;
  const closed = log.witnesses.slice(1);
  for (const { server } of closed) await stopServer(server);
  await store(2);
  await ops.ops.sequencer.drain();
  assert.equal(ops.ops.sequencer.status().has_quorum, false);
  assert.equal((await published()).checkpoint.size, before_outage);
  for (const { server, url } of closed)
    await new Promise<void>((resolve) => void server.listen(Number(new URL(url).port), '127.0.0.1', resolve));
  await ops.ops.sequencer.drain();
  assert.equal(ops.ops.sequencer.status().has_quorum, true);
  assert.equal(await assertPublishedWhole(), before_outage + 2n);
});

/** A read of the head has the lag looked up too, when the last look is a quarter of a second ago, and waits for neither. */
async function lagLookedUp(): Promise<void> {
  await pause(300);
  await ops.client.latestHead({}, context);
  await pause(200);
}

test('writes are refused with 503 while the oldest leaf waits too long, and repetitions are still answered', async () => {
  const id = randomUUID();
  const body = someDeclaration();
  await ops.client.putDeclaration({ params: { id }, body }, context);
  await superuser.query("update ops.pending_leaves set inserted_at = now() - interval '31 seconds'");
  await lagLookedUp();
  const refused = (error: unknown) =>
    error instanceof Problem && error.status === 503 && error.code === 'log_behind' && error.retry_after_s === 5;
  await assert.rejects(
    ops.client.putDeclaration({ params: { id: randomUUID() }, body: someDeclaration() }, context),
    refused,
  );
  const change = { params: { id }, body: { actor_id: randomUUID() } };
  await assert.rejects(ops.client.putTermination(change, context), refused);
  assert.equal((await ops.client.putDeclaration({ params: { id }, body }, context)).id, id);
  await ops.ops.sequencer.drain();
  await lagLookedUp();
  assert.equal((await ops.client.putTermination(change, context)).status, 'terminated');
  await ops.ops.sequencer.drain();
});

test('a database restored from an older backup is refused until an operator refills it from the bundles', async () => {
  const backup = await dumpLog();
  const lost = await store(3);
  await ops.ops.sequencer.drain();
  const size = await assertPublishedWhole();
  await restoreLog(backup, { drop: [lost[2]!.id], pending_again: [lost[1]!.id] });
  await store(1);
  await assert.rejects(
    ops.ops.sequencer.drain(),
    (error) => error instanceof LogRefusal && error.code === 'database_behind' && /log -- refill/.test(error.message),
  );
  const refill = await refillFromBundles(migrator.db, log.transparency_log);
  assert.deepEqual(refill, { refilled: 3, without_record: 1 });
  await ops.ops.sequencer.drain();
  assert.equal(await assertPublishedWhole(), size + 1n);
});

test('a batch of persons’ versions whose row was lost with its leaf has one leaf after the refill, however often it is brought', async () => {
  const batches = [1, 2, 3].map((count) => ({
    params: { id: randomUUID() },
    body: { root: String(count).repeat(64), count, is_last: true, taken_at: `2026-11-28T10:0${count}:00.000000Z` },
  }));
  const bring = () => Promise.all(batches.map((batch) => ops.client.putPersonVersionBatch(batch, context)));
  const ids = batches.map(({ params }) => params.id);
  const known = () => ops.client.findPersonVersionBatches({ body: { ids: [...ids, randomUUID()] } }, context);
  const backup = await dumpLog();
  const brought = await bring();
  await ops.ops.sequencer.drain();
  await restoreLog(backup, { drop: [], pending_again: [ids[1]!] });
  await superuser.query('delete from ops.person_version_batches where id <> $1', [ids[1]]);
  assert.deepEqual(await known(), [ids[1]]);
  assert.deepEqual(await refillFromBundles(migrator.db, log.transparency_log), { refilled: 3, without_record: 0 });
  await lagLookedUp();
  assert.deepEqual(await bring(), brought);
  await ops.ops.sequencer.drain();
  assert.deepEqual((await known()).sort(), [...ids].sort());
  const { rows } = await superuser.query(
    "select record_id from ops.log_entries where kind = 'person_versions' and version = 1 order by record_id",
  );
  assert.deepEqual(
    rows.map((row) => row.record_id),
    [...ids].sort(),
  );
  await assertPublishedWhole();
});

type LogDump = { state: Buffer; entries: number };

async function dumpLog(): Promise<LogDump> {
  const { rows } = await superuser.query<{ frontier: Buffer; entries: string }>(
    'select frontier, (select count(*) from ops.log_entries) as entries from ops.log_state',
  );
  return { state: rows[0]!.frontier, entries: Number(rows[0]!.entries) };
}

/** What a restore does to the log: later entries and checkpoints are gone, and some leaves wait again. */
async function restoreLog(dump: LogDump, { drop, pending_again }: { drop: string[]; pending_again: string[] }) {
  await superuser.query(
    `insert into ops.pending_leaves (kind, record_id, version, entry)
     select kind, record_id, version, entry from ops.log_entries where record_id = any($1)`,
    [pending_again],
  );
  await superuser.query('delete from ops.log_entries where leaf_index >= $1', [dump.entries]);
  await superuser.query('delete from ops.log_heads where size > $1', [dump.entries]);
  await superuser.query('delete from ops.log_checkpoints where size > $1', [dump.entries]);
  await superuser.query('update ops.log_state set frontier = $1', [dump.state]);
  for (const table of ['declaration_heads where id', 'declaration_versions where declaration_id'])
    await superuser.query(`delete from ops.${table} = any($1)`, [drop]);
}

test('a store of signed checkpoints that was rolled back is refused until the published one is adopted', async () => {
  const old = (await checkpoints.get(signed_name))!;
  await store(2);
  await ops.ops.sequencer.drain();
  await checkpoints.compareAndSwap(signed_name, await checkpoints.get(signed_name), old);
  await assert.rejects(
    ops.ops.sequencer.drain(),
    (error) => error instanceof LogRefusal && error.code === 'checkpoint_store_lost',
  );
  assert.ok(((await adoptPublished(migrator.db, log.transparency_log)) ?? 0) > 0);
  await store(1);
  await ops.ops.sequencer.drain();
  await assertPublishedWhole();
});

test('a database that holds another tree than the signed one is refused, and so is a tree behind a witness', async () => {
  await store(2);
  await ops.ops.sequencer.drain();
  const { rows } = await superuser.query<{ frontier: Buffer }>('select frontier from ops.log_state');
  const forged = Buffer.from(rows[0]!.frontier);
  forged[forged.length - 1]! ^= 1;
  await superuser.query('update ops.log_state set frontier = $1', [forged]);
  await assert.rejects(
    ops.ops.sequencer.drain(),
    (error) => error instanceof LogRefusal && error.code === 'database_forked',
  );
  await superuser.query('update ops.log_state set frontier = $1', [rows[0]!.frontier]);
  await ops.ops.sequencer.drain();
  const rolled_back = { ...log.transparency_log, checkpoints: createMemoryCheckpointStore() };
  await superuser.query('delete from ops.log_checkpoints');
  const restarted = createSequencer({ db: second.db, log: testLogger(), transparency_log: rolled_back });
  await assert.rejects(restarted.drain(), (error) => error instanceof LogRefusal && error.code === 'witness_ahead');
});
