import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { type Kysely, sql } from 'kysely';
import { type Database, openDatabase } from '../db/index.ts';
import { createTestDatabase, type TestDatabase } from '../testing/index.ts';
import { auditMigrations, auditRotation } from './index.ts';

let directory: string;
let database: TestDatabase;
let owner: Database<unknown>;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'zdravo-rotation-'));
  const shape = await readFile(join(import.meta.dirname, 'audit.sql'), 'utf8');
  const roles = ['keeper', 'stranger'].map(
    (name) =>
      `do $$ begin create role rotation_${name} nologin; exception when duplicate_object or unique_violation then null; end $$;`,
  );
  await writeFile(
    join(directory, '0001_rotated.sql'),
    `${roles.join('\n')} create schema rotated; grant usage on schema rotated to rotation_keeper;
     set local search_path = rotated; ${shape} grant insert on audit_log, read_audit to rotation_keeper;`,
  );
});
beforeEach(async () => {
  await owner?.close();
  await database?.drop();
  const migrations = [auditMigrations, { module: 'rotated', directory }];
  database = await createTestDatabase('kit_rotation', { migrations });
  owner = openDatabase({ url: database.url, application_name: 'test' });
});
after(async () => {
  await owner.close();
  await database.drop();
  await rm(directory, { recursive: true });
});

async function asRole<Result>(role: string, work: (db: Kysely<unknown>) => Promise<Result>): Promise<Result> {
  const { db, close } = openDatabase({ url: database.url, role, application_name: 'test' });
  try {
    return await work(db);
  } finally {
    await close();
  }
}

function rotate(role = 'rotation_keeper', keep_months = 36) {
  return asRole(role, (db) =>
    auditRotation({
      db,
      schema: 'rotated',
      tables: ['audit_log', 'read_audit'],
      keep_months,
      schedule: '* * * * *',
    }).run({}, { signal: undefined }),
  );
}

/** A row as of some months ago, as the owner of the table could not even write it by hand later. */
async function insertRow(months_ago: number) {
  await sql`insert into rotated.audit_log (recorded_at, request_id, action, resource)
    values (date_trunc('month', now() at time zone 'UTC') at time zone 'UTC' - make_interval(months => ${months_ago}) + interval '1 hour',
      ${`r${months_ago}`}, 'a', 'b')`.execute(owner.db);
}

async function partitions(table = 'audit_log'): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select inhrelid::regclass::text as name from pg_inherits
    where inhparent = ${`rotated.${table}`}::regclass order by 1`.execute(owner.db);
  return rows.map(({ name }) => name);
}

async function requests(table = 'audit_log'): Promise<string[]> {
  const { rows } = await sql<{ request_id: string }>`select request_id from ${sql.table(`rotated.${table}`)}
    order by recorded_at desc`.execute(owner.db);
  return rows.map(({ request_id }) => request_id);
}

function month(ahead: number): string {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1))
    .toISOString()
    .slice(0, 7)
    .replace('-', '');
}

/** Partitions of months long past, as a rotation of that time would have made them. */
async function makePast(months_ago: number) {
  const name = `audit_log_${month(-months_ago)}`;
  await sql
    .raw(`create table rotated.${name} partition of rotated.audit_log for values from
    (date_trunc('month', now() at time zone 'UTC') at time zone 'UTC' - interval '${months_ago} months') to
    (date_trunc('month', now() at time zone 'UTC') at time zone 'UTC' - interval '${months_ago - 1} months')`)
    .execute(owner.db);
  await insertRow(months_ago);
}

test('this month and three ahead get partitions, of every table, and again changes nothing', async () => {
  for (let round = 0; round < 2; round++) {
    await rotate();
    for (const table of ['audit_log', 'read_audit'])
      assert.deepEqual(
        await partitions(table),
        [...[0, 1, 2, 3].map((ahead) => `rotated.${table}_${month(ahead)}`), `rotated.${table}_default`].sort(),
      );
  }
  await insertRow(0);
  await insertRow(-3);
  const { rows } = await sql<{ at: string }>`select tableoid::regclass::text as at from rotated.audit_log`.execute(
    owner.db,
  );
  assert.deepEqual(
    rows.map(({ at }) => at).sort(),
    [0, 3].map((ahead) => `rotated.audit_log_${month(ahead)}`),
  );
});

test('rows that came before there were partitions stay where they are, and readable', async () => {
  await insertRow(0);
  await rotate();
  assert.deepEqual(await requests(), ['r0']);
  assert.ok(!(await partitions()).includes(`rotated.audit_log_${month(0)}`));
  assert.ok((await partitions()).includes(`rotated.audit_log_${month(1)}`));
});

test('what is older than the retention goes, to the month; what is younger stays', async () => {
  for (const months_ago of [38, 37, 36, 35]) await makePast(months_ago);
  await insertRow(40);
  await insertRow(13);
  await rotate();
  assert.deepEqual(await requests(), ['r13', 'r35', 'r36']);
  assert.ok(!(await partitions()).includes(`rotated.audit_log_${month(-37)}`));
});

test('rotations at once wait for each other', async () => {
  await Promise.all(Array.from({ length: 8 }, () => rotate()));
  assert.equal((await partitions()).length, 5);
});

test('only who writes a table rotates it, never below a year, and only audit tables', async () => {
  await assert.rejects(rotate('rotation_stranger'), /permission denied|does not write/);
  await assert.rejects(rotate('rotation_keeper', 11), /at least 12 months/);
  await assert.rejects(
    asRole('rotation_stranger', (db) =>
      sql`select audit.rotate(${'rotated.audit_log'}::text::regclass, 36)`.execute(db),
    ),
    /permission denied|does not write/,
  );
  await sql`create table rotated.other (recorded_at timestamptz)`.execute(owner.db);
  await sql`grant insert on rotated.other to rotation_keeper`.execute(owner.db);
  await assert.rejects(
    asRole('rotation_keeper', (db) => sql`select audit.rotate('rotated.other'::regclass, 36)`.execute(db)),
    /not an audit table/,
  );
  await assert.rejects(
    asRole('rotation_keeper', (db) => sql`drop table rotated.audit_log_default`.execute(db)),
    /must be owner/,
  );
});
