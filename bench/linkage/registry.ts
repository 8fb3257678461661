import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import {
  generateCountry,
  type LinkageRecord,
  normaliseFamilyName,
  normaliseGivenName,
  normaliseName,
  normalisePatronymic,
  withDuplicates,
} from '@zdravo/country-ua';
import { connectionUrl, migrate } from '@zdravo/kit/db';
import { createFileKeyProvider, createKeyFile, keyMigrations } from '@zdravo/kit/keys';
import { createLogger } from '@zdravo/kit/log';
import { type BulkPerson, bulkLoadPersons, type MpiOptions, migrations } from '@zdravo/mpi';
import pg from 'pg';

/** Databases of a patient index for a bench, with the options that open it. */
export async function newRegistry(server_url: string, directory: string): Promise<MpiOptions & { key_file: string }> {
  const database_url = await newDatabase(server_url, 'mpi');
  const keys_database_url = await newDatabase(server_url, 'mpi_keys');
  await migrate(database_url, [migrations]);
  await migrate(keys_database_url, [keyMigrations]);
  const key_file = join(directory, 'mpi.json');
  await createKeyFile(key_file);
  return {
    database_url,
    keys_database_url,
    key_file,
    key_provider: await createFileKeyProvider(key_file),
    callers: { bench: 'bench' },
    normalise: normaliseName,
    identity_rules: {
      given_name: normaliseGivenName,
      family_name: normaliseFamilyName,
      patronymic: normalisePatronymic,
    },
    log: createLogger({ name: 'bench', level: 'warn' }),
  };
}

const seed = 'linkage bench';

/** Records of a generated country in which 4 % of the persons were entered again. */
export function generatedRecords(persons: number): Iterable<LinkageRecord> {
  return withDuplicates(generateCountry({ seed, persons }).persons(0, persons), { seed, share: 0.04 });
}

/** Seals and loads the records. @returns whose record each is: pairs of persons entered more than once, by record id. */
export async function loadRecords(
  options: MpiOptions,
  records: Iterable<LinkageRecord>,
): Promise<{ count: number; truth: Map<string, string> }> {
  const truth = new Map<string, string>();
  let last: LinkageRecord | undefined;
  function* loaded(): Generator<BulkPerson> {
    for (const record of records) {
      // Only those who were entered again are remembered: a million ids would be most of the bench's memory.
      if (record.changes.length > 0 || last?.truth_id === record.truth_id) {
        truth.set(record.record_id, record.truth_id);
        if (last && last.truth_id === record.truth_id) truth.set(last.record_id, last.truth_id);
      }
      last = record;
      yield {
        id: record.record_id,
        person: record.person as unknown as BulkPerson['person'],
        source: { type: 'declaration_request', id: randomUUID() },
      };
    }
  }
  const { persons } = await bulkLoadPersons({ ...options, batch_size: 2000 }, loaded());
  const client = new pg.Client({ connectionString: options.database_url });
  await client.connect();
  await client.query('vacuum analyze');
  await client.end();
  return { count: persons, truth };
}

/** `--persons=N` of the command line. */
export function personsOption(otherwise: number): number {
  const option = process.argv.find((argument) => argument.startsWith('--persons='));
  const persons = option === undefined ? otherwise : Number(option.slice('--persons='.length));
  if (Number.isInteger(persons) && persons > 0) return persons;
  throw new RangeError('--persons=N expects a number of persons');
}

async function newDatabase(server_url: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: server_url });
  await client.connect();
  await client.query(`create database "${name}"`);
  await client.end();
  return connectionUrl(server_url, { database: name });
}
