import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  generateCountry,
  normaliseFamilyName,
  normaliseGivenName,
  normaliseName,
  normalisePatronymic,
} from '@zdravo/country-ua';
import { type Client, createClient, inProcessTransport } from '@zdravo/kit/client';
import { createFileKeyProvider, createKeyFile } from '@zdravo/kit/keys';
import { createTestDatabase, testLogger } from '@zdravo/kit/testing';
import pg from 'pg';
import { contract, type Person, type PersonWritten } from './contract.ts';
import type { Asker } from './deps.ts';
import { createMpi, key_migrations, type Mpi, type MpiOptions, migrations } from './index.ts';

export type MpiUnderTest = {
  mpi: Mpi;
  client: Client<typeof contract>;
  options: MpiOptions;
  /** As the superuser. */
  superuser: pg.Pool;
  keys_superuser: pg.Pool;
  database_url: string;
  key_file: string;
  /** Another instance over the same databases, with the keys of this file. */
  open(key_file: string, changes?: Partial<MpiOptions>): Promise<{ mpi: Mpi; client: Client<typeof contract> }>;
  put(person: Person, id?: string, source_id?: string): Promise<PersonWritten>;
  close(): Promise<void>;
};

export const context = {
  request_id: 'test-request',
  actor_id: randomUUID(),
  client_id: randomUUID(),
  purpose: 'treatment',
};
export const asker: Asker = context;

/** What an index of a test is opened with, its databases and keys apart. */
const usual = {
  callers: { il: 'secret' },
  normalise: normaliseName,
  identity_rules: {
    given_name: normaliseGivenName,
    family_name: normaliseFamilyName,
    patronymic: normalisePatronymic,
  },
  log: testLogger('mpi'),
  search: { settings: { floor_ms: 1 } },
  pool_size: 6,
} satisfies Partial<MpiOptions>;

/** The index on databases of its own, called through its contract; every instance of it with these changes. */
export async function startMpiForTest(common: Partial<MpiOptions> = {}): Promise<MpiUnderTest> {
  const database = await createTestDatabase('mpi', { migrations: [migrations] });
  const keys_database = await createTestDatabase('mpi_keys', { migrations: key_migrations });
  const key_file = await newKeyFile();
  const opened: Mpi[] = [];
  const urls = { database_url: database.url, keys_database_url: keys_database.url };
  const optionsFor = async (file: string): Promise<MpiOptions> => ({
    ...usual,
    ...urls,
    key_provider: await createFileKeyProvider(file),
  });
  const open = async (file: string, changes: Partial<MpiOptions> = {}) => {
    const mpi = await createMpi({ ...(await optionsFor(file)), ...common, ...changes });
    await mpi.app.ready();
    opened.push(mpi);
    return { mpi, client: createClient(contract, inProcessTransport(mpi.app), { caller: 'il', secret: 'secret' }) };
  };
  const superuser = new pg.Pool({ connectionString: database.url, max: 2 });
  const keys_superuser = new pg.Pool({ connectionString: keys_database.url, max: 1 });
  // The database is dropped under connections that are still being closed.
  for (const pool of [superuser, keys_superuser]) pool.on('error', () => {});
  const first = await open(key_file);
  return {
    ...first,
    options: { ...(await optionsFor(key_file)), ...common },
    superuser,
    keys_superuser,
    database_url: database.url,
    key_file,
    open,
    put: (person, id = randomUUID(), source_id = randomUUID()) =>
      first.client.putPerson(
        { params: { id }, body: { person, source: { type: 'declaration_request', id: source_id } } },
        context,
      ),
    close: async () => {
      for (const mpi of opened) await mpi.close();
      await Promise.all([superuser.end(), keys_superuser.end()]);
      await Promise.all([database.drop(), keys_database.drop()]);
    },
  };
}

/**
 * All events so far once one of that type about that person is among them: the feed waits for every older transaction
 * of the whole server, those of other tests too.
 */
export async function eventsUntil({ client }: Pick<MpiUnderTest, 'client'>, type: string, person_id: string) {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const { events } = await client.readEvents({ query: { limit: 1000 } }, context);
    if (events.some((event) => event.type === type && event.object_id === person_id)) return events;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no event ${type} within 10 s`);
}

/** A key file that goes with the test's process. */
export async function newKeyFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'zdravo-keys-'));
  process.once('exit', () => rmSync(folder, { recursive: true }));
  const key_file = join(folder, 'mpi.json');
  await createKeyFile(key_file);
  return key_file;
}

/** People of the generated country, in the shape that declaration requests have. */
export function somePersons(count: number, seed: number | string = 7): Person[] {
  const country = generateCountry({ seed, persons: count });
  return [...country.persons(0, count)].map((generated) => generated.person as unknown as Person);
}

/** Somebody without any identifier or telephone, unless given. */
export function somebody(given: Partial<Person> = {}): Person {
  return {
    first_name: 'Соломія',
    last_name: 'Чорновіл',
    second_name: 'Остапівна',
    birth_date: '2019-05-17',
    birth_country: 'Україна',
    birth_settlement: 'Самбір',
    gender: 'FEMALE',
    documents: [],
    addresses: [{ type: 'RESIDENCE', country: 'UA' }],
    authentication_methods: [{ type: 'OFFLINE' }],
    ...given,
  };
}
