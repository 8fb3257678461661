import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type DeclarationPerson, generateCountry } from '@zdravo/country-ua';
import { type Clinic, foundClinic, signInVendor } from '@zdravo/dev/demo/clinics';
import { declare } from '@zdravo/dev/demo/declarations';
import { startStage, type TestStage } from './stage.ts';

// The replica is searched for every personal value that the sources hold after real people have signed real declarations:
// what their requests said, and whatever stands in a column that is not published.

const sources = ['platform', 'ops', 'mpi', 'il_keys', 'mcs_keys', 'ops_keys', 'mpi_keys'] as const;
type Source = (typeof sources)[number];

let stage: TestStage;
const people: DeclarationPerson[] = [];
/** Every value of the replica, as text. */
let replica: string;
let values_of_replica: Set<string>;

before(async () => {
  stage = await startStage();
  const country = generateCountry({ seed: 'depersonalised', persons: 4096 });
  const clinic = await foundClinic(stage, await signInVendor(stage), country.clinic(0), 'FAMILY_DOCTOR');
  for (const { person } of country.persons(0, 400)) {
    if (people.length === 4) break;
    const [method] = person.authentication_methods;
    if (method?.type !== 'OTP' || person.birth_date > '2000-01-01' || person.tax_id === undefined) continue;
    if (person.birth_date.endsWith('-01')) continue;
    await signedBy(clinic, person);
  }
  await untilReplicated();
  const found = await valuesOf('reports', (schema) => ['mpi', 'ops', 'prm', 'il', 'reports'].includes(schema));
  values_of_replica = new Set(found.flatMap(({ values }) => values));
  replica = [...values_of_replica].join('\n').toLowerCase();
});
after(() => stage?.close());

async function signedBy(clinic: Clinic, person: DeclarationPerson): Promise<void> {
  const { status, body } = await declare(stage, clinic, person);
  assert.equal(status, 200, JSON.stringify(body));
  people.push(person);
}

/** Every source's position of now is confirmed, and every table copied. */
async function untilReplicated(): Promise<void> {
  const target = (await stage.query('ops', 'select pg_current_wal_insert_lsn()::text as at'))[0]!['at'];
  for (let attempt = 0; attempt < 300; attempt++) {
    const [slots] = await stage.query(
      'ops',
      `select bool_and(confirmed_flush_lsn >= $1::pg_lsn) as there from pg_replication_slots where slot_type = 'logical'`,
      [target],
    );
    const [tables] = await stage.query(
      'reports',
      `select bool_and(srsubstate = 'r') as there from pg_subscription_rel`,
    );
    if (slots!['there'] && tables!['there']) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the replica did not catch up within 30 s');
}

type Found = { column: string; values: string[] };

/** All values of a database's tables as text, a column at a time; what is JSON in its leaves. */
async function valuesOf(
  database: Source | 'reports',
  wanted: (schema: string, column: string) => boolean,
): Promise<Found[]> {
  const columns = await stage.query(
    database,
    `select n.nspname as schema, c.relname as table, a.attname as column
     from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and a.attnum > 0 and not a.attisdropped and n.nspname !~ '^(pg_|information_schema)'`,
  );
  const found: Found[] = [];
  for (const { schema, table, column } of columns as Record<string, string>[]) {
    const name = `${schema}.${table}.${column}`;
    if (!wanted(schema!, name)) continue;
    const rows = await stage.query(
      database,
      `select distinct case when pg_typeof("${column}") = 'bytea'::regtype then encode("${column}"::text::bytea, 'escape')
         else "${column}"::text end as value from "${schema}"."${table}" where "${column}" is not null`,
    );
    found.push({ column: name, values: rows.flatMap(({ value }) => leavesOf(value as string)) });
  }
  return found;
}

function leavesOf(text: string): string[] {
  if (!/^[{[]/.test(text)) return [text];
  try {
    const leaves: string[] = [];
    JSON.parse(text, (_, value) => {
      if (typeof value !== 'object') leaves.push(String(value));
      return value;
    });
    return leaves;
  } catch {
    return [text];
  }
}

/** What names a person by itself, or two of whose values do together. */
function namingValues(person: DeclarationPerson): string[] {
  const { first_name, last_name, second_name, birth_date, tax_id, documents, phones, email, secret } =
    person as never as Record<string, never> & { documents?: { number: string }[]; phones?: { number: string }[] };
  const addresses = (person as never as { addresses: { street?: string; building?: string; apartment?: string }[] })
    .addresses;
  return [
    `${last_name} ${first_name}`,
    `${first_name} ${last_name}`,
    `${first_name} ${second_name}`,
    birth_date,
    tax_id,
    email,
    secret,
    ...(documents ?? []).map(({ number }) => number),
    ...(phones ?? []).map(({ number }) => number),
    ...person.authentication_methods.map((method) => (method as { phone_number?: string }).phone_number),
    ...addresses.map(({ street, building }) => (street && building ? `${street} ${building}` : undefined)),
  ].filter((value): value is never => typeof value === 'string' && value.length >= 5);
}

test('nothing that a person said in a request is anywhere in the replica', async () => {
  assert.equal(people.length, 4);
  let searched = 0;
  for (const person of people)
    for (const value of namingValues(person)) {
      searched += 1;
      assert.ok(!replica.includes((value as string).toLowerCase()), `${value} of a person is in the replica`);
    }
  assert.ok(searched >= 4 * 6, `${searched} values`);
  // The search finds what is there: the doctor is public, and so are the four declarations.
  const [doctor] = await stage.query(
    'platform',
    `select last_name from prm.parties p join prm.employees e on e.party_id = p.id
    where e.employee_type = 'DOCTOR' limit 1`,
  );
  assert.ok(replica.includes((doctor!['last_name'] as string).toLowerCase()));
  const [{ n } = {}] = await stage.query('reports', 'select count(*)::int as n from ops.declaration_heads');
  assert.equal(n, 4);
});

/** Lists of the state and of the platform, without anybody's data: their words are everywhere. */
const without_persons =
  /^(il\.(settlements|districts|streets|regions|dictionaries|dictionary_values|global_parameters|address)|auth\.(roles|client_types|scopes|role)|public\.|graphile_worker\.)/;

test('no value of an unpublished column is in the replica: no id of a person, no tax number, no ciphertext', async () => {
  const published = new Set<string>();
  const public_values = new Set<string>();
  for (const source of ['platform', 'ops', 'mpi'] as const) {
    const rows = await stage.query(
      source,
      `select schemaname || '.' || tablename || '.' || unnest(attnames) as name from pg_publication_tables`,
    );
    for (const { name } of rows) published.add(name as string);
    // Public data of clinics and doctors may arrive, and the dates of a declaration; ids are what other columns refer to.
    const found = await valuesOf(source, (_, column) => published.has(column));
    for (const { column, values } of found)
      for (const value of values)
        if (column.startsWith('prm.') || isUuid(value) || /_date$/.test(column)) public_values.add(value);
  }
  let searched = 0;
  const leaks: string[] = [];
  for (const source of sources) {
    const found = await valuesOf(source, (_, column) => !published.has(column) && !without_persons.test(column));
    for (const { column, values } of found)
      for (const value of new Set(values)) {
        if (value.length < 8 || public_values.has(value) || isWord(value) || isInstant(value)) continue;
        searched += 1;
        const is_there = value.length >= 12 ? replica.includes(value.toLowerCase()) : values_of_replica.has(value);
        if (is_there) leaks.push(`${column}: ${value.slice(0, 40)}`);
      }
  }
  assert.deepEqual(leaks, []);
  assert.ok(searched > 1_000, `${searched} values were searched for`);
});

function isUuid(value: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value);
}

/** Codes and kinds (`FAMILY_DOCTOR`, `declaration.activated`), truth values. */
function isWord(value: string): boolean {
  return /^([A-Z][A-Z_]+|[a-z][a-z_.:]+)$/.test(value);
}

function isInstant(value: string): boolean {
  return /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d/.test(value);
}
