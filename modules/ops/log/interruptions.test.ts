import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { openDatabase } from '@zdravo/kit/db';
import { testLogger } from '@zdravo/kit/testing';
import pg from 'pg';
import { type AuditedOps, startAuditedOps } from '../audit/testing-audit.ts';
import type { Tables } from '../tables.ts';
import { someDeclaration } from '../testing.ts';
import { createSequencer, type Sequencer } from './sequencer.ts';

// What may come between a write and its place in the log: each must leave the audit whole, with no gap and nothing lost.

const context = { request_id: 'test-request' };
let audited: AuditedOps;
let superuser: pg.Client;
/** A second connection of the same power, to hold locks. */
let holder: pg.Client;
let second: ReturnType<typeof openDatabase<Tables>>;
let rival: Sequencer;

before(async () => {
  audited = await startAuditedOps(4);
  superuser = audited.superuser;
  holder = new pg.Client({ connectionString: audited.ops.database_url });
  await holder.connect();
  second = openDatabase<Tables>({
    url: audited.ops.database_url,
    role: 'zdravo_ops_sequencer',
    application_name: 'rival',
  });
  const { transparency_log } = audited.log;
  rival = createSequencer({ db: second.db, log: testLogger(), transparency_log });
});
after(async () => {
  await holder?.end();
  await rival?.stop();
  await second?.close();
  await audited?.close();
});

async function sequencersBackend(): Promise<number | undefined> {
  const { rows } = await superuser.query<{ pid: number }>(
    "select pid from pg_stat_activity where application_name = 'ops-sequencer' and datname = current_database() and wait_event_type = 'Lock'",
  );
  return rows[0]?.pid;
}

async function eventually<Found>(look: () => Promise<Found | undefined>): Promise<Found> {
  for (let attempt = 0; attempt < 500; attempt++) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('It did not come to pass within five seconds.');
}

async function placesOf(ids: readonly string[]): Promise<number[]> {
  const { rows } = await superuser.query<{ leaf_index: number }>(
    'select leaf_index::int from ops.log_entries where record_id = any($1::uuid[]) order by array_position($1::uuid[], record_id)',
    [ids],
  );
  return rows.map((row) => row.leaf_index);
}

async function assertWhole(): Promise<void> {
  const report = await audited.audit({ with_kept: true, now: new Date(Date.now() + 3_600_000_000) });
  assert.deepEqual(report.findings, []);
}

test('a leader that dies in the middle of a batch, its leaves deleted and placed but not committed, is followed by another', async () => {
  await audited.store(3);
  const ids = audited.declarations.slice(-3).map(({ id }) => id);
  await holder.query('begin; lock table ops.log_heads in exclusive mode');
  const dying = assert.rejects(audited.ops.ops.sequencer.drain(), /terminat|connection/i);
  const pid = await eventually(sequencersBackend);
  assert.equal(await rival.drain(), 0, 'only one leads');
  await superuser.query('select pg_terminate_backend($1)', [pid]);
  await dying;
  await holder.query('commit');
  assert.equal(await rival.drain(), 3);
  assert.equal((await placesOf(ids)).length, 3);
  await assertWhole();
});

test('a leader that dies between placing and publishing leaves leaves that the next one publishes', async () => {
  await audited.store(2);
  await holder.query('begin; lock table ops.log_checkpoints in exclusive mode');
  const dying = assert.rejects(audited.ops.ops.sequencer.drain(), /terminat|connection/i);
  const pid = await eventually(sequencersBackend);
  await superuser.query('select pg_terminate_backend($1)', [pid]);
  await dying;
  await holder.query('commit');
  assert.equal(await rival.drain(), 0, 'all had their places');
  await assertWhole();
});

test('a transaction that commits after later ones were published gets the next place, and the audit never wavers', async () => {
  const late_id = randomUUID();
  await superuser.query(`
    create function ops.wait_at_commit() returns trigger language plpgsql security definer as
      $$ begin perform pg_advisory_xact_lock_shared(4242); return null; end $$;
    create constraint trigger late after insert on ops.declaration_versions deferrable initially deferred
      for each row when (new.declaration_id = '${late_id}') execute function ops.wait_at_commit()`);
  await holder.query('select pg_advisory_lock(4242)');
  const putting = audited.ops.client.putDeclaration({ params: { id: late_id }, body: someDeclaration() }, context);
  await eventually(async () => {
    const { rows } = await superuser.query(
      "select from pg_locks where locktype = 'advisory' and objid = 4242 and not granted",
    );
    return rows.length > 0 || undefined;
  });
  audited.ops.clock.advance(-86_400_000);
  await audited.store(2);
  audited.ops.clock.advance(2 * 86_400_000);
  await audited.ops.ops.sequencer.drain();
  await assertWhole();
  assert.deepEqual(await placesOf([late_id]), []);
  await holder.query('select pg_advisory_unlock(4242)');
  const { promise } = await putting;
  audited.declarations.push({ id: late_id, promise });
  await audited.ops.ops.sequencer.drain();
  const [late, ...earlier] = await placesOf([late_id, ...audited.declarations.slice(-3, -1).map(({ id }) => id)]);
  assert.ok(
    earlier.every((place) => place < late!),
    `${earlier} before ${late}`,
  );
  await assertWhole();
});
