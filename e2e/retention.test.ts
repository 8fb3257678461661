import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startStage, type TestStage } from './stage.ts';

// The retention table of docs/security/threat-model.md, where it takes the whole platform to see it; the other lines are
// tested beside their modules.

let stage: TestStage;
before(async () => {
  stage = await startStage();
});
after(() => stage.close());

const audits = {
  auth: ['platform', 'audit_log'],
  prm: ['platform', 'audit_log'],
  il: ['platform', 'audit_log', 'read_audit'],
  mcs: ['platform', 'read_audit'],
  ops: ['ops', 'audit_log'],
  mpi: ['mpi', 'audit_log', 'read_audit'],
  reports: ['reports', 'audit_log'],
} as const;

test('every module rotates its audit tables by itself, under its own role', async () => {
  for (const [module, [database, ...tables]] of Object.entries(audits)) {
    await stage.platform.runJob(`rotate_${module}_audit`);
    for (const table of tables) {
      const partitions = await stage.query(
        database,
        `select inhrelid::regclass::text as name from pg_inherits where inhparent = '${module}.${table}'::regclass`,
      );
      const months = partitions.filter(({ name }) => /_\d{6}$/.test(String(name)));
      assert.ok(months.length >= 3, `${module}.${table}`);
    }
  }
});

test('no audit table of any database is left out of the rotation', async () => {
  for (const database of ['platform', 'ops', 'mpi', 'reports'] as const) {
    const found = await stage.query(
      database,
      `select n.nspname as module, c.relname as table from pg_class c join pg_namespace n on n.oid = relnamespace
       where relkind = 'p' and relname in ('audit_log', 'read_audit') order by 1, 2`,
    );
    const rotated = Object.entries(audits).flatMap(([module, [where, ...tables]]) =>
      where === database ? tables.map((table) => ({ module, table })) : [],
    );
    const key = ({ module, table }: Record<string, unknown>) => `${module}.${table}`;
    assert.deepEqual(found.map(key).sort(), rotated.map(key).sort());
  }
});

type Kept = {
  database: 'platform' | 'ops' | 'mpi';
  table: string;
  /** When a row was written. */
  column: string;
  days: number;
  job: string;
  /** Further columns of a row and their values in SQL. */
  row: Record<string, string>;
};

const id = 'gen_random_uuid()';
const event = { type: `'retention.tested'`, object_type: `'test'`, object_id: id, payload: `'{}'` };
const consumed = { feed: `'retention'`, event_id: id };
const verification = {
  id,
  purpose: `'phone'`,
  phone_hmac: `decode(md5(random()::text), 'hex')`,
  code_hmac: `'\\x00'`,
  expires_at: 'now()',
  inserted_by: id,
  client_id: id,
};
const status_change = { entity_type: `'Declaration'`, entity_id: id, properties: `'{}'`, changed_by: id };
const canary = {
  id,
  actor_id: id,
  client_id: id,
  reason: `'decoy'`,
  path: `'{}'`,
  purpose: `'test'`,
  request_id: `'retention'`,
};

const kept: Kept[] = [
  { database: 'ops', table: 'ops.outbox', column: 'occurred_at', days: 30, job: 'delete_old_ops_events', row: event },
  {
    database: 'ops',
    table: 'ops.consumed_events',
    column: 'consumed_at',
    days: 60,
    job: 'delete_old_ops_events',
    row: consumed,
  },
  { database: 'mpi', table: 'mpi.outbox', column: 'occurred_at', days: 30, job: 'delete_old_mpi_events', row: event },
  {
    database: 'platform',
    table: 'il.status_change_events',
    column: 'event_time',
    days: 30,
    job: 'delete_old_events',
    row: status_change,
  },
  {
    database: 'platform',
    table: 'il.verifications',
    column: 'inserted_at',
    days: 30,
    job: 'delete_old_events',
    row: verification,
  },
  {
    database: 'platform',
    table: 'il.consumed_events',
    column: 'consumed_at',
    days: 60,
    job: 'delete_old_events',
    row: consumed,
  },
  {
    database: 'platform',
    table: 'mcs.consumed_events',
    column: 'consumed_at',
    days: 60,
    job: 'delete_old_mcs_events',
    row: consumed,
  },
  {
    database: 'platform',
    table: 'il.search_canaries',
    column: 'raised_at',
    days: 365,
    job: 'delete_old_search_canaries',
    row: canary,
  },
];

for (const { database, table, column, days, job, row } of kept)
  test(`${table} keeps rows for ${days} days and no longer`, async () => {
    const columns = Object.keys(row).join(', ');
    const values = Object.values(row).join(', ');
    const insert = (age: string) =>
      stage.query(
        database,
        `insert into ${table} (${columns}, ${column}) values (${values}, now() - interval '${age}')`,
      );
    const ages = async () => {
      const rows = await stage.query(
        database,
        `select round(extract(epoch from now() - ${column}) / 86400)::int as days from ${table}
         where ${column} < now() - interval '2 days' order by 1`,
      );
      return rows.map((one) => one['days']);
    };
    await insert(`${days} days 1 hour`);
    await insert(`${days - 1} days`);
    assert.deepEqual(await ages(), [days - 1, days]);
    await stage.platform.runJob(job);
    assert.deepEqual(await ages(), [days - 1]);
  });

test('an invitation that nobody answers expires, and is announced to vendors', async () => {
  const [{ value } = {}] = await stage.query(
    'platform',
    `select value from il.global_parameters where parameter = 'employee_request_expiration'`,
  );
  const days = Number(value);
  assert.ok(days > 0);
  const insert = (age: number) =>
    stage.query(
      'platform',
      `insert into il.employee_requests (id, legal_entity_id, employee_type, email, data, invite_sha256, user_alias, inserted_by, inserted_at)
       values (${id}, ${id}, 'DOCTOR', 'a@clinic.example', '{}', decode(md5(random()::text), 'hex'), ${id}, ${id},
         now() - interval '${age} days 1 hour') returning id`,
    );
  const [old] = await insert(days);
  const [young] = await insert(days - 1);
  await stage.platform.runJob('expire_employee_requests');
  const statusOf = async (one: Record<string, unknown> | undefined) =>
    (await stage.query('platform', 'select status from il.employee_requests where id = $1', [one?.['id']]))[0]?.[
      'status'
    ];
  assert.equal(await statusOf(old), 'EXPIRED');
  assert.equal(await statusOf(young), 'NEW');
  const told = await stage.query('platform', 'select from il.status_change_events where entity_id = $1', [old?.['id']]);
  assert.equal(told.length, 1);
});
