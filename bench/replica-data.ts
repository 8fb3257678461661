import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { builtInAddresses, type CountryOptions, type GeneratedClinic, generateCountry } from '@zdravo/country-ua';
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
    await load(client, url, size);
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

/** What the processes that load are told. */
export type LoadOrder = { url: string; country: CountryOptions };

/** Histories go on beyond the month that is billed. */
export const last_day = '2027-01-31';

/** One declaration a person, of some 1,500 clinics, seen three weeks into the month that is billed. */
function countryOf(size: number): CountryOptions {
  const persons_per_clinic = Math.max(128, Math.round(size / legal_entities / 128) * 128);
  return { seed: 'replica', persons: size, persons_per_clinic, as_of: '2026-11-20' };
}

/** The generated country by COPY, in as many processes as there are cores. */
async function load(client: pg.Client, url: string, size: number): Promise<void> {
  const began = performance.now();
  const rebuild = await dropIndexes(client);
  const country = countryOf(size);
  for (const clinic of generateCountry(country).clinics()) await insertClinic(client, clinic);
  await insertDoctors(client);
  const regions = builtInAddresses().regions.map(({ id, name }) => ({ id, name }));
  await client.query('insert into il.regions select * from jsonb_populate_recordset(null::il.regions, $1)', [
    JSON.stringify(regions),
  ]);
  const processes = availableParallelism();
  const cut = (part: number) => Math.floor((size * part) / processes);
  await Promise.all(
    Array.from({ length: processes }, (_, part) => loadSlice({ url, country, from: cut(part), to: cut(part + 1) })),
  );
  say(`${size} declarations with persons and histories by COPY`, began);
  for (const statement of rebuild) await client.query(statement);
  for (const table of replica_tables) await client.query(`vacuum analyze ${table}`);
  say('with indexes and statistics', began);
}

function loadSlice(order: LoadOrder & { from: number; to: number }): Promise<void> {
  const child = fork(join(import.meta.dirname, 'replica-slice.ts'), [JSON.stringify(order)]);
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a loading process ended with ${code}`))));
  });
}

function say(what: string, began: number): void {
  console.error(`${what}: ${((performance.now() - began) / 1_000).toFixed(0)} s`);
}

async function insertClinic(client: pg.Client, { legal_entity, divisions }: GeneratedClinic): Promise<void> {
  const common = { status: 'ACTIVE', is_active: true };
  const times = { inserted_at: '2018-01-01T09:00:00Z', updated_at: '2018-01-01T09:00:00Z' };
  await client.query(
    `insert into prm.legal_entities (id, name, public_name, type, edrpou, status, is_active, nhs_verified, inserted_at, updated_at, addresses)
     select id, name, public_name, type, edrpou, status, is_active, nhs_verified, inserted_at, updated_at, addresses
     from jsonb_populate_record(null::prm.legal_entities, $1)`,
    [JSON.stringify({ ...legal_entity, ...common, ...times, nhs_verified: true })],
  );
  const places = divisions.map(({ location, ...division }) => ({
    ...division,
    ...common,
    legal_entity_id: legal_entity.id,
    location_latitude: location?.latitude,
    location_longitude: location?.longitude,
  }));
  await client.query(
    `insert into prm.divisions (id, legal_entity_id, name, type, status, is_active, mountain_group, addresses, phones, email, location_longitude, location_latitude)
     select id, legal_entity_id, name, type, status, is_active, mountain_group, addresses, phones, email, location_longitude, location_latitude
     from jsonb_populate_recordset(null::prm.divisions, $1)`,
    [JSON.stringify(places)],
  );
}

/** As many doctors as a country has, whatever the number of declarations, for those who search for one. */
async function insertDoctors(client: pg.Client): Promise<void> {
  await client.query(`
    insert into prm.parties select md5('party' || i)::uuid, 'Ім’я' || i % 300, 'Прізвище' || i % 9000, 'По-батькові' || i % 200
    from generate_series(0, ${doctors - 1}) i;
    insert into prm.employees (id, party_id, division_id, legal_entity_id, employee_type, position, status, is_active, start_date, speciality)
    select md5('employee' || i)::uuid, md5('party' || i)::uuid, d.id, d.legal_entity_id,
      'DOCTOR', 'P7', 'APPROVED', true, '2018-01-01', (array['FAMILY_DOCTOR', 'THERAPIST', 'PEDIATRICIAN'])[i % 3 + 1]
    from generate_series(0, ${doctors - 1}) i
    join (select id, legal_entity_id, row_number() over (order by id) - 1 as place, count(*) over () as n from prm.divisions) d
      on d.place = i % d.n`);
}

const replica_tables = [
  'mpi.person_facts',
  'ops.declaration_heads',
  'ops.declaration_status_history',
  'prm.divisions',
  'prm.legal_entities',
  'prm.employees',
  'prm.parties',
];

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
