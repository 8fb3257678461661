import { join } from 'node:path';
import { createReadAudit } from '@zdravo/kit/audit';
import { type Clock, systemClock } from '@zdravo/kit/clock';
import { type Database, type Migrations, openDatabase } from '@zdravo/kit/db';
import { createHttpServer, type HttpServer, healthRoutes, mount, serviceAuthentication } from '@zdravo/kit/http';
import type { Job } from '@zdravo/kit/jobs';
import { createKeyStore, type KeyProvider, type KeyScope, keyMigrations } from '@zdravo/kit/keys';
import type { Logger } from '@zdravo/kit/log';
import { type FigureSource, poolFigures } from '@zdravo/kit/metrics';
import { contract, type Person } from './contract.ts';
import type { Asker, MpiDeps, Search } from './deps.ts';
import { mpiFigures } from './figures.ts';
import { createHandlers } from './handlers.ts';
import { type IdentityRules, identityRules } from './identity-rules.ts';
import { index_definitions } from './indexes/composites.ts';
import { assertIndexesAllowed } from './indexes/entropy.ts';
import { openGenerations } from './indexes/generations.ts';
import { mpiJobs } from './jobs.ts';
import { block_definitions } from './linkage/block-definitions.ts';
import { sheet_epoch_scope, sheet_scope, sketch_epoch_scope, sketch_scope } from './linkage/key-scopes.ts';
import type { LinkOrder } from './linking/link-events.ts';
import { mergePersons } from './linking/merge-persons.ts';
import { unmergePersons } from './linking/unmerge-persons.ts';
import { createPersonLookup } from './persons/person-lookup.ts';
import { type Distributions, distributionsOf } from './search/distributions.ts';
import { deriveSearchKeys } from './search/keys.ts';
import { default_search_settings, type SearchSettings } from './search/settings.ts';
import type { Tables } from './tables.ts';
import type { EpochKeyStore } from './vault/epoch-retention.ts';
import { createEpochs } from './vault/epochs.ts';

export { type BulkLoadOptions, bulkLoadPersons } from './bulk/bulk-load.ts';
export type { BulkPerson } from './bulk/person-rows.ts';
export type { Asker } from './deps.ts';
export type { IdentityRules } from './identity-rules.ts';
export {
  auditor_role,
  type FoldedBatch,
  openVersionAudit,
  type VersionAudit,
  type VersionFaults,
} from './integrity/audit-versions.ts';
export { batchLoadedVersions } from './integrity/batch-versions.ts';
export { createLinker, type Linker, type LinkerOptions, linker_role } from './linkage/linker.ts';
export type { LinkOrder } from './linking/link-events.ts';
export { createReview, type Review, type ReviewOptions, review_role } from './review/review.ts';
export type { SearchSettings } from './search/settings.ts';

export const migrations: Migrations = { module: 'mpi', directory: join(import.meta.dirname, 'migrations') };
/** Of its key database: who sees which keys. */
export const key_migrations: Migrations[] = [
  keyMigrations,
  { module: 'mpi_keys', directory: join(import.meta.dirname, 'key-migrations') },
];

export type MpiOptions = {
  database_url: string;
  keys_database_url: string;
  key_provider: KeyProvider;
  /** Keys that it shares with the linker, where they are not this process's own: each wraps one person's part of a sketch. */
  linkage_key_provider?: KeyProvider;
  /** Wraps for the linker and cannot unwrap (`createSealingKeyProvider`, or a KMS that lets this process encrypt only). */
  linker_key_provider?: KeyProvider;
  /** The same two for the reviewers' process. */
  review_key_provider?: KeyProvider;
  reviewer_key_provider?: KeyProvider;
  /** How a name is made comparable in this country, whichever name it is. */
  normalise: (name: string) => string;
  /** Where this country compares some name or number in a way of its own. */
  identity_rules?: Partial<IdentityRules>;
  /** Processes that may call, with their secrets. */
  callers: Record<string, string>;
  clock?: Clock;
  log: Logger;
  pool_size?: number;
  search?: SearchOptions;
};

export type SearchOptions = {
  settings?: Partial<SearchSettings>;
  /**
   * People as the country has them, made up: the decoys of questions are drawn from them until the index has persons
   * enough of its own. Without them no question is asked before that.
   */
  typicalPersons?: () => Iterable<Person>;
};

export type Mpi = {
  app: HttpServer;
  jobs: Job[];
  figures: readonly FigureSource[];
  /** For the linker and the reviewers. */
  links: {
    merge(order: Omit<LinkOrder, 'actor_id'>, asker: Asker): Promise<void>;
    unmerge(order: { id: string; merged_id: string; reason: string }, asker: Asker): Promise<void>;
  };
  close(): Promise<void>;
};

/**
 * The Master Patient Index: its server and its jobs.
 * @throws KeyError when the keys at hand are not those of the database; its hint tells the operator what to do.
 */
export async function createMpi(options: MpiOptions): Promise<Mpi> {
  assertIndexesAllowed([...index_definitions, ...block_definitions]);
  const databases = openDatabases(options);
  try {
    const deps = await prepareDeps(options, databases);
    const app = createHttpServer({ log: options.log });
    mount(app, contract, createHandlers(deps), serviceAuthentication(options.callers));
    healthRoutes(app, async () => {
      await Promise.all([databases.index.pool.query('select 1'), databases.keys.pool.query('select 1')]);
    });
    return {
      app,
      jobs: mpiJobs(deps, options.key_provider),
      figures: [poolFigures('mpi', [databases.index.pool, databases.keys.pool]), mpiFigures(databases.index.db)],
      links: {
        merge: (order, asker) => mergePersons(deps, order, asker),
        unmerge: (order, asker) => unmergePersons(deps, order, asker),
      },
      close: async () => {
        await app.close();
        await databases.close();
      },
    };
  } catch (error) {
    await databases.close();
    throw error;
  }
}

type Databases = { index: Database<Tables>; keys: Database<unknown>; close(): Promise<void> };

function openDatabases({ database_url, keys_database_url, log, pool_size = 16 }: MpiOptions): Databases {
  const common = { plans_once: true, log, pool_size };
  const index = openDatabase<Tables>({ ...common, url: database_url, role: 'zdravo_mpi', application_name: 'mpi' });
  const keys = openDatabase({ ...common, url: keys_database_url, role: 'zdravo_keys', application_name: 'mpi-keys' });
  return {
    index,
    keys,
    close: async () => {
      await Promise.all([index.close(), keys.close()]);
    },
  };
}

/** @throws KeyError */
async function prepareDeps(options: MpiOptions, { index, keys: { pool } }: Databases): Promise<MpiDeps> {
  const { log, key_provider, linkage_key_provider = key_provider, review_key_provider = key_provider } = options;
  const { linker_key_provider = key_provider, reviewer_key_provider = key_provider } = options;
  const rules = identityRules(options);
  const epochKeys = (provider: KeyProvider, scope: KeyScope): EpochKeyStore => {
    return { purpose: scope.purpose, keys: createKeyStore(pool, provider, scope) };
  };
  const deps: MpiDeps = {
    db: index.db,
    pool: index.pool,
    persons: createPersonLookup(index.db),
    keys: createKeyStore(pool, key_provider, { module: 'mpi', purpose: 'vault' }),
    sketch_keys: createKeyStore(pool, linkage_key_provider, sketch_scope),
    sketch_epoch: createEpochs({ pool, provider: linker_key_provider, scope: sketch_epoch_scope }),
    sheet_keys: createKeyStore(pool, review_key_provider, sheet_scope),
    sheet_epoch: createEpochs({ pool, provider: reviewer_key_provider, scope: sheet_epoch_scope }),
    epoch_keys: [
      epochKeys(linker_key_provider, sketch_epoch_scope),
      epochKeys(reviewer_key_provider, sheet_epoch_scope),
    ],
    generations: await openGenerations(index.db, key_provider, rules),
    rules,
    read_audit: createReadAudit(index.db, 'mpi'),
    search: await prepareSearch(options),
    clock: options.clock ?? systemClock('UTC'),
    log,
  };
  for (const keys of [deps.keys, deps.sketch_keys, deps.sheet_keys]) await keys.check(log);
  return deps;
}

async function prepareSearch({ search = {}, key_provider }: MpiOptions): Promise<Search> {
  let first: Distributions | undefined;
  return {
    settings: { ...default_search_settings, ...search.settings },
    keys: await deriveSearchKeys(key_provider),
    first_distributions: () => (first ??= distributionsOf(search.typicalPersons?.() ?? [])),
  };
}
