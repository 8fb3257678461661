import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connectionUrl } from '@zdravo/kit/db';
import pg from 'pg';
import { runCapitation } from '../capitation/run.ts';
import { addClinic, addDeclaration, type ReportsUnderTest, startReportsForTest } from '../testing.ts';
import { startKeeper } from './keeper.ts';
import { replicaStatus, requireReplica } from './readiness.ts';
import { feed_role } from './sources.ts';
import { keepSubscriptions, resync, slotOf } from './subscriptions.ts';

let under: ReportsUnderTest;
before(async () => {
  under = await startReportsForTest();
});
after(() => under?.close());

test('no personal value of the sources is in any column of the replica', async () => {
  const clinic = await addClinic(under);
  const declaration = await addDeclaration(under, { clinic, birth_date: '1984-02-17' });
  const { source, replica } = under;
  const personal = new Map<string, string>();
  const { rows: persons } = await source.ops.query(
    'select person_id, declaration_request_id from ops.declaration_heads where id = $1',
    [declaration],
  );
  personal.set(persons[0].person_id, 'ops person_id').set(persons[0].declaration_request_id, 'request');
  personal.set('1984-02-17', 'birth date');
  const { rows: parties } = await source.platform.query(`select tax_id, birth_date::text from prm.parties`);
  for (const { tax_id, birth_date } of parties)
    personal.set(tax_id, 'tax number of a doctor').set(birth_date, 'birth date of a doctor');
  await source.mpi.query(`insert into mpi.persons (id, status, version, pseudonym) values ($1, 'active', 1, $2)`, [
    persons[0].person_id,
    randomUUID(),
  ]);
  await source.mpi.query(
    `insert into mpi.person_versions (person_id, version, ciphertext, source_type, source_id) values ($1, 1, 'CIPHERTEXT-OF-A-PERSON', 'test', $2)`,
    [persons[0].person_id, randomUUID()],
  );
  personal.set('CIPHERTEXT-OF-A-PERSON', 'ciphertext');
  await under.caughtUp();
  const { rows: columns } = await replica.query<{ place: string; table: string; column: string }>(
    `select format('%I.%I', table_schema, table_name) as table, quote_ident(column_name) as column from information_schema.columns
     where table_schema in ('mpi', 'ops', 'prm', 'il', 'reports')`,
  );
  assert.ok(columns.length > 60);
  for (const { table, column } of columns)
    for (const [value, what] of personal) {
      const { rowCount } = await replica.query(`select from ${table} where ${column}::text ilike $1 limit 1`, [
        `%${value}%`,
      ]);
      assert.equal(rowCount, 0, `${what} in ${table}.${column}`);
    }
  assert.equal((await replica.query('select from ops.declaration_heads')).rowCount, 1, 'what may arrive has arrived');
});

test('the publications give these columns and no others', async () => {
  const { rows } = await under.source.mpi.query(
    `select attnames::text[] as columns from pg_publication_tables where pubname = 'mpi_person_facts'`,
  );
  assert.deepEqual(rows, [{ columns: ['pseudonym', 'birth_month', 'gender', 'deceased_on', 'phone_fanout'] }]);
});

test('the role of reports cannot connect to a source; the feed reads published columns only', async () => {
  const { source, subscriptions } = under;
  for (const client of Object.values(source)) {
    const { rows } = await client.query(
      `select has_database_privilege('zdravo_reports', current_database(), 'connect') as may`,
    );
    assert.equal(rows[0].may, false);
  }
  // Nobody who may be `zdravo_reports` gets in, whatever else a login could do; into the replica it does.
  await under.replica.query(`
    drop role if exists reports_intruder;
    create role reports_intruder login password 'of an intruder' in role zdravo_reports`);
  const enter = async (url: string) => {
    const intruder = new pg.Client({
      connectionString: connectionUrl(url, { user: 'reports_intruder', password: 'of an intruder' }),
    });
    await intruder.connect();
    await intruder.end();
  };
  for (const { url } of subscriptions.sources) await assert.rejects(enter(url), { code: '42501' });
  await enter(subscriptions.reports_url);
  await under.replica.query('drop role reports_intruder');
  const feed = new pg.Client({
    connectionString: connectionUrl(subscriptions.sources[0]!.url, {
      user: feed_role,
      password: subscriptions.feed_password,
    }),
  });
  await feed.connect();
  await feed.query('select pseudonym, birth_month from mpi.person_facts');
  for (const statement of [
    'select * from mpi.persons',
    'select * from mpi.person_versions',
    'delete from mpi.person_facts',
  ])
    await assert.rejects(feed.query(statement), /permission denied/);
  await feed.end();
  await assert.rejects(
    under.reports.deps.db.deleteFrom('reports.publications' as never).execute(),
    /permission denied/,
  );
});

test('a source that would keep WAL without limit for a stopped replica is named', async () => {
  const warned: unknown[] = [];
  const log = Object.assign(Object.create(under.subscriptions.log), { warn: (about: unknown) => warned.push(about) });
  assert.equal((await under.source.ops.query('show max_slot_wal_keep_size')).rows[0].max_slot_wal_keep_size, '-1');
  await keepSubscriptions({ ...under.subscriptions, log });
  assert.deepEqual(warned, [{ source: 'mpi' }, { source: 'ops' }, { source: 'platform' }]);
});

test('lag is measured and shown, and alarms', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'zdravo-replica-'));
  const metrics_file = join(folder, 'replica.prom');
  const alarms: string[] = [];
  const log = Object.assign(Object.create(under.subscriptions.log), {
    error: (_: unknown, message: string) => alarms.push(message),
  });
  const keeper = await startKeeper({ ...under.subscriptions, log, interval_ms: 3_600_000, alarm_s: 0.2, metrics_file });
  await under.caughtUp();
  await keeper.measure();
  const calm = await replicaStatus(under.reports.deps.db);
  assert.deepEqual(
    calm.map(({ source, ready, slot_state }) => [source, ready, slot_state]),
    [
      ['mpi', true, 'usable'],
      ['ops', true, 'usable'],
      ['platform', true, 'usable'],
    ],
  );
  assert.deepEqual(alarms, []);
  await under.replica.query(`alter subscription ${slotOf({ name: 'mpi' }, under.subscriptions)} disable`);
  await under.source.mpi.query(
    `insert into mpi.person_facts values (gen_random_uuid(), '1990-01-01', 'MALE', null, 1)`,
  );
  await keeper.measure();
  await new Promise((resolve) => setTimeout(resolve, 300));
  await keeper.measure();
  const behind = (await replicaStatus(under.reports.deps.db)).find(({ source }) => source === 'mpi')!;
  assert.ok(behind.lag_s! >= 0.2 && behind.lag_bytes! > 0, JSON.stringify(behind));
  assert.deepEqual(alarms, ['the replica lags behind its source']);
  const metrics = await readFile(metrics_file, 'utf8');
  assert.ok(Number(/^zdravo_replica_lag_seconds\{source="mpi"\} (.*)$/m.exec(metrics)![1]) >= 0.2, metrics);
  assert.match(metrics, /^zdravo_replica_slot_usable\{source="ops"\} 1$/m);
  const rules = await readFile(join(import.meta.dirname, '../../../deploy/alerts/replica.yaml'), 'utf8');
  const watched = new Set(rules.match(/zdravo_\w+/g));
  const written = new Set(metrics.match(/^zdravo_\w+/gm));
  assert.deepEqual(watched, written, 'every figure has its alert, and no alert watches what is not written');
  await rm(folder, { recursive: true });
  await assert.rejects(requireReplica(under.reports.deps.db), { code: 'replica_not_ready' });
  await keepSubscriptions(under.subscriptions);
  await under.caughtUp();
  await keeper.stop();
  assert.equal((await under.replica.query('select from mpi.person_facts')).rowCount, 2);
});

test('a run while a slot is lost is refused and nothing published; the source is copied again and the run succeeds', async () => {
  const slot = slotOf({ name: 'ops' }, under.subscriptions);
  await under.replica.query(`alter subscription ${slot} disable`);
  await unread('ops');
  await under.source.ops.query('select pg_drop_replication_slot($1)', [slot]);
  const clinic = await addClinic(under);
  await addDeclaration(under, { clinic, birth_date: '2000-01-01' });
  await assert.rejects(runCapitation(under.reports.deps, '2026-11-01'), { code: 'replica_not_ready' });
  assert.equal(under.published.size, 0);
  const kept = await keepSubscriptions(under.subscriptions);
  assert.equal(kept.find(({ source }) => source === 'ops')!.done, 'copied again');
  await under.caughtUp();
  assert.equal((await under.replica.query('select from ops.declaration_heads')).rowCount, 2);
  assert.equal((await runCapitation(under.reports.deps, '2026-11-01')).state, 'published');
});

test('a column that is published before the replica has it is named at start; a changed publication is copied again on demand', async () => {
  await under.source.mpi.query(
    `alter table mpi.person_facts add column region text; alter publication mpi_person_facts set table mpi.person_facts (pseudonym, birth_month, gender, deceased_on, phone_fanout, region)`,
  );
  await assert.rejects(keepSubscriptions(under.subscriptions), /lacks what mpi publishes: mpi\.person_facts\.region/);
  await under.replica.query('alter table mpi.person_facts add column region text');
  await under.source.mpi.query(`update mpi.person_facts set region = 'L'`);
  await keepSubscriptions(under.subscriptions);
  await resync(under.subscriptions, 'mpi');
  await under.caughtUp();
  const { rows } = await under.replica.query(
    'select count(*)::int as all, count(region)::int as filled from mpi.person_facts',
  );
  assert.equal(rows[0].all, rows[0].filled);
});

/** Waits until the subscriber has left its slot. */
async function unread(name: 'mpi' | 'ops'): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const { rows } = await under.source[name].query('select active from pg_replication_slots where slot_name = $1', [
      slotOf({ name }, under.subscriptions),
    ]);
    if (!rows[0]?.active) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
