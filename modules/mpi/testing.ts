import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateCountry, normaliseName } from '@zdravo/country-ua';
import { type Client, createClient, inProcessTransport } from '@zdravo/kit/client';
import { createFileKeyProvider, createKeyFile, keyMigrations } from '@zdravo/kit/keys';
import { createTestDatabase, testLogger } from '@zdravo/kit/testing';
import { contract, type Person } from './contract.ts';
import { createMpi, type Mpi, migrations } from './index.ts';

export type MpiUnderTest = {
  mpi: Mpi;
  client: Client<typeof contract>;
  /** As the superuser. */
  database_url: string;
  /** Another instance over the same databases, with the keys of this file. */
  open(key_file: string): Promise<{ mpi: Mpi; client: Client<typeof contract> }>;
  close(): Promise<void>;
};

/** The index on databases of its own, called through its contract. */
export async function startMpiForTest(): Promise<MpiUnderTest> {
  const database = await createTestDatabase('mpi', { migrations: [migrations] });
  const keys_database = await createTestDatabase('keys', { migrations: [keyMigrations] });
  const key_file = join(await mkdtemp(join(tmpdir(), 'zdravo-keys-')), 'mpi.json');
  await createKeyFile(key_file);
  const opened: Mpi[] = [];
  const open = async (file: string) => {
    const mpi = await createMpi({
      database_url: database.url,
      keys_database_url: keys_database.url,
      key_provider: await createFileKeyProvider(file),
      callers: { il: 'secret' },
      normalise: normaliseName,
      log: testLogger('mpi'),
      pool_size: 6,
    });
    await mpi.app.ready();
    opened.push(mpi);
    return { mpi, client: createClient(contract, inProcessTransport(mpi.app), { caller: 'il', secret: 'secret' }) };
  };
  return {
    ...(await open(key_file)),
    database_url: database.url,
    open,
    close: async () => {
      for (const mpi of opened) await mpi.close();
      await Promise.all([database.drop(), keys_database.drop()]);
    },
  };
}

/** People of the generated country, in the shape that declaration requests have. */
export function somePersons(count: number): Person[] {
  const country = generateCountry({ seed: 7, persons: count });
  return [...country.persons(0, count)].map((generated) => generated.person as unknown as Person);
}
