import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connectionUrl, migrate } from '@zdravo/kit/db';
import { startPostgres, testLogger } from '@zdravo/kit/testing';
import { migrations as opsMigrations } from '@zdravo/ops';
import pg from 'pg';
import { migrations } from '../index.ts';
import { type Keeper, startKeeper } from './keeper.ts';
import { publications } from './sources.ts';
import { type SubscriptionOptions, slotOf } from './subscriptions.ts';

// A server of its own, whose WAL may keep 32 MB for a replica that stopped.

const keep_mb = 32;
let server: Awaited<ReturnType<typeof startPostgres>>;
let directory: string;
let source: pg.Client;
let replica: pg.Client;
let options: SubscriptionOptions;
let keeper: Keeper;
const said: string[] = [];

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'zdravo-lost-slot-'));
  server = await startPostgres({
    directory: join(directory, 'postgres'),
    settings: [
      `max_slot_wal_keep_size=${keep_mb}MB`,
      'max_wal_size=64MB',
      'min_wal_size=32MB',
      'fsync=off',
      'shared_buffers=32MB',
    ],
  });
  const ops_url = await database('ops', [opsMigrations]);
  const reports_url = await database('reports', [migrations]);
  source = await connected(ops_url);
  replica = await connected(reports_url);
  const note = (_: unknown, message: string) => void said.push(message);
  const log = Object.assign(Object.create(testLogger('keeper')), { warn: note, error: note });
  const sources = [{ name: 'ops' as const, url: ops_url, publications: publications.ops }];
  options = { reports_url, sources, feed_password: 'feed of this test', log };
  keeper = await startKeeper({ ...options, interval_ms: 3_600_000 });
});
after(async () => {
  await keeper?.stop();
  await Promise.all([source?.end(), replica?.end()]);
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

async function database(name: string, all: Parameters<typeof migrate>[1]): Promise<string> {
  const client = await connected(server.url);
  await client.query(`create database ${name}`);
  await client.end();
  const url = connectionUrl(server.url, { database: name });
  await migrate(url, all);
  return url;
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  return client;
}

const addHead = () =>
  source.query(`
    with fresh as (select gen_random_uuid() as id), version as (
      insert into ops.declaration_versions (declaration_id, version, op, status, body, sealed_seed, leaf_hash)
      select id, 1, 'create', 'active', '{}', 'seed', decode(repeat('00', 32), 'hex') from fresh)
    insert into ops.declaration_heads (id, version, status, person_id, pseudonym, legal_entity_id, division_id, employee_id,
      declaration_request_id, signed_content_sha256, start_date, end_date)
    select id, 1, 'active', gen_random_uuid(), gen_random_uuid(), id, id, id, gen_random_uuid(), 'x', current_date, current_date from fresh`);

async function until(text: string, holds: (row: Record<string, unknown>) => boolean): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (holds((await replica.query(text)).rows[0])) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`30 s were not enough: ${text}`);
}

const has = (count: number) => until('select count(*)::int as n from ops.declaration_heads', ({ n }) => n === count);

test('a replica that stopped reading costs the source a bounded amount of WAL; its lost slot is made anew and all is copied', async () => {
  await addHead();
  await has(1);
  await replica.query(`alter subscription ${slotOf({ name: 'ops' }, options)} disable`);
  await addHead();
  for (let megabytes = 0; megabytes < 160; megabytes += 16) {
    await source.query(
      `select count(pg_logical_emit_message(false, 'noise', repeat('x', 1048576))) from generate_series(1, 16)`,
    );
    await source.query('checkpoint');
  }
  // By its name: the first copy of another table may still have one of its own.
  const { rows } = await source.query(
    `select (select wal_status from pg_replication_slots where slot_name = $1) as status, (sum(size) / 1048576)::int as mb
     from pg_ls_waldir()`,
    [slotOf({ name: 'ops' }, options)],
  );
  assert.equal(rows[0].status, 'lost');
  // What a slot may keep, one checkpoint's worth beside it, and segments kept for reuse.
  assert.ok(rows[0].mb <= keep_mb + 64 + 32, `${rows[0].mb} MB of WAL`);
  await keeper.measure();
  assert.ok(said.includes('the replication slot is gone: the source is copied again'), said.join('; '));
  await has(2);
  await addHead();
  await has(3);
  await keeper.measure();
  await until('select slot_state from reports.replica_lag', ({ slot_state }) => slot_state === 'usable');
});
