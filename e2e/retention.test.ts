import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { generateCountry } from '@zdravo/country-ua';
import type { Answer } from '@zdravo/dev/demo/api';
import { foundClinic, signInVendor } from '@zdravo/dev/demo/clinics';
import { createRequest } from '@zdravo/dev/demo/declarations';
import { adultsWithScans } from './people.ts';
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
    table: 'il.verified_phones',
    column: 'verified_at',
    days: 30,
    job: 'delete_old_events',
    row: { phone_hmac: verification.phone_hmac, client_id: id },
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
  {
    database: 'platform',
    table: 'il.kept_promises',
    column: 'received_at',
    days: 90,
    job: 'delete_old_promises',
    row: { declaration_id: id, version: '1', note: `'retention'` },
  },
  {
    database: 'platform',
    table: 'il.reconciliations',
    column: 'requested_at',
    days: 365,
    job: 'reconcile',
    row: { id },
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
  const days = Number(await parameter('employee_request_expiration'));
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

test('a request that nobody signs expires with its patient’s data and their key', async () => {
  const country = generateCountry({ seed: 'retention', persons: 4096 });
  const clinic = await foundClinic(stage, await signInVendor(stage), country.clinic(0), 'FAMILY_DOCTOR');
  const [one, other] = adultsWithScans(country);
  const [old, young] = [await createRequest(stage, clinic, one!), await createRequest(stage, clinic, other!)];
  const days = Number(await parameter('declaration_request_expiration'));
  const age = `update il.declaration_requests set inserted_at = now() - make_interval(days => $2, hours => $3) where id = $1`;
  await stage.query('platform', age, [old.body.data.id, days, 1]);
  await stage.query('platform', age, [young.body.data.id, days, -1]);
  await stage.platform.runJob('expire_declaration_requests');
  const read = async (answer: Answer) => {
    const path = `/api/declaration_requests/${answer.body.data.id}`;
    const as_doctor = { token: clinic.doctor.token, api_key: stage.sign_ins.mis.client_secret };
    return (await stage.api.expect('GET', path, as_doctor)).body.data;
  };
  assert.equal((await read(young)).person.last_name, other!.last_name);
  const expired = await read(old);
  assert.deepEqual([expired.status, expired.person, expired.content], ['EXPIRED', undefined, undefined]);
  const isDropped = async ({ body }: Answer) => {
    const key = `select bytes is null as dropped from wrapped_keys where purpose = 'request' and owner_id = $1`;
    return (await stage.query('il_keys', key, [body.data.id]))[0]?.['dropped'];
  };
  const due = async () => (await stage.query('platform', 'select from il.keys_to_drop')).length;
  assert.deepEqual([await isDropped(old), await due()], [false, 1], 'the end of the request names its key');
  await stage.platform.runJob('drop_request_keys');
  assert.deepEqual([await isDropped(old), await isDropped(young), await due()], [true, false, 0]);
  await stage.query('platform', 'insert into il.keys_to_drop (request_id) values ($1)', [old.body.data.id]);
  await stage.platform.runJob('drop_request_keys');
  assert.deepEqual([await isDropped(old), await due()], [true, 0], 'the job that died after the drop is repeated');
});

async function parameter(name: string): Promise<string | undefined> {
  const [row] = await stage.query('platform', 'select value from il.global_parameters where parameter = $1', [name]);
  return row?.['value'] as string | undefined;
}
