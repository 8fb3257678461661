import { join } from 'node:path';
import type { AddressBook } from '@zdravo/country-ua';
import type { Handlers } from '@zdravo/kit/contract';
import { type Migrations, openDatabase } from '@zdravo/kit/db';
import type { Logger } from '@zdravo/kit/log';
import type { Kysely } from 'kysely';
import { listDistricts, listRegions, listSettlements, listStreets } from './addresses/addresses.ts';
import { importAddressRows, importStreets } from './addresses/import-addresses.ts';
import { addressContract, dictionaryContract } from './contract.ts';
import { type Dictionary, listDictionaries, seedDictionaries } from './dictionaries/dictionaries.ts';
import type { Tables } from './tables.ts';

export {
  type ImportProgress,
  importAddressRows,
  importMountainFlags,
  importStreets,
} from './addresses/import-addresses.ts';

export const migrations: Migrations = { module: 'il', directory: join(import.meta.dirname, 'migrations') };

export const contract = { ...addressContract, ...dictionaryContract };

export type Il = { handlers: Handlers<typeof contract>; close(): Promise<void> };

/** The Integration Layer over the platform's database. */
export function createIl(options: { database_url: string; log: Logger; pool_size?: number }): Il {
  const { db, close } = openDatabase<Tables>({
    url: options.database_url,
    role: 'zdravo_il',
    application_name: 'il',
    log: options.log,
    pool_size: options.pool_size ?? 16,
  });
  return { handlers: createHandlers(db), close };
}

function createHandlers(db: Kysely<Tables>): Handlers<typeof contract> {
  return {
    listDictionaries: async ({ query }) => ({ data: await listDictionaries(db, query) }),
    listRegions: ({ query }) => listRegions(db, query),
    listDistricts: ({ query }) => listDistricts(db, query),
    listDistrictsOfRegion: ({ params, query }) => listDistricts(db, { ...query, region_id: params.id }),
    listSettlements: ({ query }) => listSettlements(db, query),
    listSettlementsOfDistrict: ({ params, query }) => listSettlements(db, { ...query, district_id: params.id }),
    listStreets: ({ query }) => listStreets(db, query),
  };
}

/** The importer's connection: the only role that may write addresses. */
export function openImporter(options: { database_url: string; log: Logger }) {
  return openDatabase<Tables>({
    url: options.database_url,
    role: 'zdravo_il_importer',
    application_name: 'il-importer',
    log: options.log,
    pool_size: 2,
    statement_timeout_ms: 120_000,
  });
}

/** Fills in the built-in reference data; what is there already stays. */
export async function seedReferenceData(
  db: Kysely<Tables>,
  seed: { dictionaries: readonly Dictionary[]; addresses: AddressBook },
): Promise<void> {
  await seedDictionaries(db, seed.dictionaries);
  const known = await db.selectFrom('il.regions').select('id').limit(1).executeTakeFirst();
  if (known) return;
  const { regions, districts, settlements, streets } = seed.addresses;
  await importAddressRows(db, [
    ...regions.map((row) => ({ ...row, level: 'region' as const })),
    ...districts.map((row) => ({ ...row, level: 'district' as const })),
    ...settlements.map((row) => ({ ...row, level: 'settlement' as const })),
  ]);
  await importStreets(db, streets);
}
