import { join } from 'node:path';
import { normaliseFamilyName, normaliseGivenName, normaliseName, normalisePatronymic } from '@zdravo/country-ua';
import { connectionUrl, migrate } from '@zdravo/kit/db';
import { createFileKeyProvider, createKeyFile } from '@zdravo/kit/keys';
import { createLogger } from '@zdravo/kit/log';
import { key_migrations, type MpiOptions, migrations } from '@zdravo/mpi';
import pg from 'pg';

/** Where a registry is. */
export type Connections = Record<'database_url' | 'keys_database_url' | 'key_file', string>;
export type Registry = MpiOptions & Connections;

/** Databases of a patient index for a bench, with the options that open it. */
export async function newRegistry(server_url: string, directory: string): Promise<Registry> {
  const database_url = await newDatabase(server_url, 'mpi');
  const keys_database_url = await newDatabase(server_url, 'mpi_keys');
  await migrate(database_url, [migrations]);
  await migrate(keys_database_url, key_migrations);
  const key_file = join(directory, 'mpi.json');
  await createKeyFile(key_file);
  return openRegistry({ database_url, keys_database_url, key_file });
}

/** The options that open a registry that is there. */
export async function openRegistry(connections: Connections): Promise<Registry> {
  const { key_file } = connections;
  return {
    ...connections,
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
