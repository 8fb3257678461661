import { join } from 'node:path';
import type { AddressBook } from '@zdravo/country-ua';
import { createReadAudit } from '@zdravo/kit/audit';
import type { Handlers } from '@zdravo/kit/contract';
import { type Migrations, openDatabase } from '@zdravo/kit/db';
import type { Consumer } from '@zdravo/kit/events';
import type { Job } from '@zdravo/kit/jobs';
import { createKeyStore, type KeyProvider, rewrapJob } from '@zdravo/kit/keys';
import type { Logger } from '@zdravo/kit/log';
import { type FigureSource, poolFigures } from '@zdravo/kit/metrics';
import type { Kysely } from 'kysely';
import { importAddressRows, importStreets } from './addresses/import-addresses.ts';
import {
  addressContract,
  blackListContract,
  declarationContract,
  declarationRequestContract,
  dictionaryContract,
  digitalSignatureContract,
  divisionContract,
  employeeContract,
  employeeRequestContract,
  eventContract,
  legalEntityContract,
  parameterContract,
  payersContractContract,
  personContract,
  personErasureContract,
  personReviewContract,
  receiptContract,
  verificationContract,
} from './contract.ts';
import { createRequestLookup } from './declaration-requests/requests.ts';
import { createSigningWrites } from './declaration-requests/signing-writes.ts';
import type { IlDeps } from './deps.ts';
import { type Dictionary, seedDictionaries } from './dictionaries/dictionaries.ts';
import { followOperations } from './events/follow-operations.ts';
import { ilFigures } from './figures.ts';
import { createHandlers } from './handlers.ts';
import { ilJobs } from './jobs.ts';
import { followPersons } from './merges/follow-persons.ts';
import { createParameters, seedParameters } from './parameters/parameters.ts';
import { createPromiseKeeper } from './receipts/kept-promises.ts';
import type { Tables } from './tables.ts';
import { hash_key_name } from './verifications/codes.ts';

export {
  type ImportProgress,
  importAddressRows,
  importMountainFlags,
  importStreets,
} from './addresses/import-addresses.ts';
export { type BulkRequest, bulkKeepRequests } from './declaration-requests/bulk-requests.ts';
export type { IlDeps } from './deps.ts';
export { openPromiseReader, type PromiseReader } from './receipts/read-promises.ts';
export type { Finding, ReconciliationReport } from './reconciliation/report.ts';
export { type BulkSlot, type BulkSlotOptions, bulkTakeSlots } from './slots/bulk-slots.ts';

export const migrations: Migrations = { module: 'il', directory: join(import.meta.dirname, 'migrations') };

export const il_role = 'zdravo_il';

export const contract = {
  ...addressContract,
  ...blackListContract,
  ...payersContractContract,
  ...declarationContract,
  ...declarationRequestContract,
  ...eventContract,
  ...verificationContract,
  ...dictionaryContract,
  ...digitalSignatureContract,
  ...divisionContract,
  ...employeeContract,
  ...employeeRequestContract,
  ...legalEntityContract,
  ...parameterContract,
  ...personContract,
  ...personErasureContract,
  ...personReviewContract,
  ...receiptContract,
};

export type IlOptions = Omit<
  IlDeps,
  'db' | 'parameters' | 'promises' | 'request_keys' | 'read_audit' | 'requests' | 'signing' | 'hash_key'
> & {
  /** Of the platform. */
  database_url: string;
  /** Of this module's own key database. */
  keys_database_url: string;
  key_provider: KeyProvider;
  pool_size?: number;
};

export type Il = {
  handlers: Handlers<typeof contract>;
  jobs: Job[];
  followers: Consumer[];
  figures: readonly FigureSource[];
  close(): Promise<void>;
};

/** The Integration Layer: every business process, over the other modules. */
export async function createIl(options: IlOptions): Promise<Il> {
  const { database_url: url, keys_database_url, key_provider, pool_size = 16, ...neighbours } = options;
  const { log } = options;
  const common = { log, pool_size, plans_once: true };
  const database = openDatabase<Tables>({ url, role: il_role, application_name: 'il', ...common });
  const keys_database = openDatabase({
    url: keys_database_url,
    role: 'zdravo_keys',
    application_name: 'il-keys',
    ...common,
  });
  const promises = createPromiseKeeper(database.db, log);
  const deps: IlDeps = {
    ...neighbours,
    ops: promises.keeping(neighbours.ops),
    promises,
    db: database.db,
    parameters: createParameters(database.db),
    request_keys: createKeyStore(keys_database.pool, key_provider, { module: 'il', purpose: 'request' }),
    read_audit: createReadAudit(database.db, 'il'),
    requests: createRequestLookup(database.db),
    signing: createSigningWrites(database.db),
    hash_key: await key_provider.derive(hash_key_name.purpose, hash_key_name.generation),
  };
  await deps.request_keys.check(log);
  return {
    handlers: createHandlers(deps),
    jobs: [
      ...ilJobs(deps),
      rewrapJob({ name: 'rewrap_request_keys', schedule: '50 * * * *' }, { stores: [deps.request_keys], log }),
    ],
    followers: [followOperations(deps), followPersons(deps)],
    figures: [poolFigures('il', [database.pool, keys_database.pool]), ilFigures(database.db)],
    close: async () => {
      await promises.settle();
      await Promise.all([database.close(), keys_database.close()]);
    },
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
  await seedParameters(db);
  // The streets come last: without one an earlier fill was broken off.
  const known = await db.selectFrom('il.streets').select('id').limit(1).executeTakeFirst();
  if (known) return;
  const { regions, districts, settlements, streets } = seed.addresses;
  await importAddressRows(db, [
    ...regions.map((row) => ({ ...row, level: 'region' as const })),
    ...districts.map((row) => ({ ...row, level: 'district' as const })),
    ...settlements.map((row) => ({ ...row, level: 'settlement' as const })),
  ]);
  await importStreets(db, streets);
}
