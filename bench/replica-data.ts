import { migrations as ilMigrations } from '@zdravo/il';
import { connectionUrl, migrate } from '@zdravo/kit/db';
import type { Logger } from '@zdravo/kit/log';
import { migrations as mpiMigrations } from '@zdravo/mpi';
import { migrations as opsMigrations } from '@zdravo/ops';
import { migrations as prmMigrations } from '@zdravo/prm';
import { keepSubscriptions, migrations, publications, type Source } from '@zdravo/reports';
import pg from 'pg';

// A replica of the size of a country, followed by real subscriptions of empty sources, for the benchmarks that read it.

export const legal_entities = 1_500;
const doctors = 30_000;

/** Makes the replica on a server and fills it. @returns its URL. */
export async function filledReplica(server_url: string, size: number, log: Logger): Promise<string> {
  const url = await newDatabase(server_url, `reports_${size}`, [migrations]);
  await keepSubscriptions({
    reports_url: url,
    sources: await sources(server_url, size),
    feed_password: 'bench',
    prefix: `bench_${size}`,
    log,
  });
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await load(client, size);
    await ready(client);
  } finally {
    await client.end();
  }
  return url;
}

/** Creates a database on the server and migrates it. @returns its URL. */
export async function newDatabase(
  server_url: string,
  name: string,
  all: Parameters<typeof migrate>[1],
): Promise<string> {
  const client = new pg.Client({ connectionString: server_url });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  const url = connectionUrl(server_url, { database: name });
  await migrate(url, all);
  return url;
}

/** Empty sources, so that the replica is followed as in production; the declarations are loaded into the replica. */
async function sources(server_url: string, size: number): Promise<Source[]> {
  const of = { mpi: [mpiMigrations], ops: [opsMigrations], platform: [prmMigrations, ilMigrations] };
  const made: Source[] = [];
  for (const [name, all] of Object.entries(of)) {
    const url = await newDatabase(server_url, `${name}_${size}`, all);
    made.push({ name: name as Source['name'], url, publications: publications[name as Source['name']] });
  }
  return made;
}

async function ready(client: pg.Client): Promise<void> {
  for (;;) {
    const { rows } = await client.query(`select bool_and(srsubstate = 'r') as ready from pg_subscription_rel`);
    if (rows[0].ready) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Half of the declarations ended once, before or after the month; ids are random and of version 4, as theirs are. */
async function load(client: pg.Client, size: number): Promise<void> {
  const rebuild = await dropIndexes(client);
  const uuid = (prefix: string, expression: string) =>
    `overlay(overlay(md5('${prefix}' || (${expression})) placing '4' from 13) placing '8' from 17)::uuid`;
  await client.query(`
    set maintenance_work_mem = '512MB';
    set session_replication_role = replica;
    insert into prm.legal_entities (id, name, type, edrpou, status, is_active, nhs_verified, inserted_at, updated_at, addresses)
    select ${uuid('e', 'i')}, 'Клініка ' || i, 'MSP', (10000000 + i)::text, 'ACTIVE', true, true, now(), now(),
      jsonb_build_array(jsonb_build_object('type', 'REGISTRATION', 'area', 'ОБЛАСТЬ ' || i % 25)) from generate_series(0, ${legal_entities - 1}) i;
    insert into prm.divisions (id, legal_entity_id, name, type, status, is_active, mountain_group, addresses, phones, email)
    select ${uuid('d', `i || '-' || m`)}, ${uuid('e', 'i')}, 'Амбулаторія', 'CLINIC', 'ACTIVE', true, m = 1 and i % 10 = 0, '[]', '[]', 'a@example.com'
    from generate_series(0, ${legal_entities - 1}) i, generate_series(0, 2) m;
    insert into mpi.person_facts select ${uuid('p', 'i')},
      (date '2026-10-01' - make_interval(months => (random() * random() * 1100)::int))::date, 'FEMALE', case when i % 1000 = 0 then date '2026-09-15' end, 1
    from generate_series(1, ${size}) i;
    insert into ops.declaration_heads select ${uuid('h', 'i')}, case when i % 2 = 0 then 2 else 1 end,
      (case when i % 2 = 0 then 'terminated' else 'active' end)::ops.declaration_status, ${uuid('p', 'i')}, ${uuid('e', `i % ${legal_entities}`)},
      ${uuid('d', `i % ${legal_entities} || '-' || i % 3`)}, ${uuid('w', `i % ${doctors}`)}, '2018-01-01', '2040-01-01', '2020-01-01', '2026-01-01'
    from generate_series(1, ${size}) i;
    insert into ops.declaration_status_history select ${uuid('h', 'i')}, 1, 'active', '2020-01-01' from generate_series(1, ${size}) i;
    insert into ops.declaration_status_history select ${uuid('h', 'i')}, 2, 'terminated',
      timestamptz '2026-11-01' + make_interval(days => (i / 2 % 200)::int - 20) from generate_series(2, ${size}, 2) i;
    insert into prm.parties select ${uuid('a', 'i')}, 'Ім’я' || i % 300, 'Прізвище' || i % 9000, 'По-батькові' || i % 200 from generate_series(0, ${doctors - 1}) i;
    insert into prm.employees select ${uuid('w', 'i')}, ${uuid('a', 'i')}, ${uuid('d', `i % ${legal_entities} || '-' || i % 3`)}, ${uuid('e', `i % ${legal_entities}`)},
      'DOCTOR', 'P7', 'APPROVED', true, '2018-01-01', null, (array['FAMILY_DOCTOR', 'THERAPIST', 'PEDIATRICIAN'])[i % 3 + 1]
    from generate_series(0, ${doctors - 1}) i;
    insert into il.regions select ${uuid('r', 'i')}, 'ОБЛАСТЬ ' || i from generate_series(0, 24) i;
    update prm.divisions set location_latitude = 44.5 + random() * 7.5, location_longitude = 22.5 + random() * 17;
    reset session_replication_role`);
  for (const statement of rebuild) await client.query(statement);
  for (const table of [
    'mpi.person_facts',
    'ops.declaration_heads',
    'ops.declaration_status_history',
    'prm.divisions',
    'prm.legal_entities',
    'prm.employees',
    'prm.parties',
  ])
    await client.query(`vacuum analyze ${table}`);
}

/** Random keys are loaded far faster into bare tables. @returns the statements that make the indexes again. */
async function dropIndexes(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ drop: string; make: string }>(`
    select format('alter table %s drop constraint %I', conrelid::regclass, conname) as drop,
      format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) as make
    from pg_constraint where contype = 'p' and connamespace in ('mpi'::regnamespace, 'ops'::regnamespace)
    union all
    select format('drop index %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid)
    from pg_index i join pg_class c on c.oid = i.indrelid
    where c.relnamespace in ('mpi'::regnamespace, 'ops'::regnamespace) and not i.indisprimary`);
  for (const { drop } of rows) await client.query(drop);
  return rows.map(({ make }) => make);
}
