import type { ReadAudit } from '@zdravo/kit/audit';
import type { Clock } from '@zdravo/kit/clock';
import type { Transaction } from '@zdravo/kit/db';
import type { KeyStore } from '@zdravo/kit/keys';
import type { Logger } from '@zdravo/kit/log';
import type { Kysely } from 'kysely';
import type { Pool } from 'pg';
import type { IdentityRules } from './identity-rules.ts';
import type { Generations } from './indexes/generations.ts';
import type { PersonLookup } from './persons/person-lookup.ts';
import type { Distributions } from './search/distributions.ts';
import type { SearchKeys } from './search/keys.ts';
import type { SearchSettings } from './search/settings.ts';
import type { Tables } from './tables.ts';
import type { EpochKeyStore } from './vault/epoch-retention.ts';
import type { Epoch } from './vault/epochs.ts';

export type MpiTransaction = Transaction<Tables>;
/** A connection or a transaction. */
export type MpiDatabase = Kysely<Tables> | MpiTransaction;

/** On whose behalf a call comes. */
export type Asker = { request_id: string; actor_id: string | null; client_id: string | null; purpose: string | null };

export type Search = {
  settings: SearchSettings;
  keys: SearchKeys;
  /** Of the country, until there are persons enough to sample. */
  first_distributions(): Distributions;
};

export type MpiDeps = {
  db: Kysely<Tables>;
  /** Of the same database, for what goes in few round trips. */
  pool: Pool;
  /** Persons by id; what is asked for at once is read together. */
  persons: PersonLookup;
  keys: KeyStore;
  /** Of the linkage sketches: without the key of its epoch, which only the linker opens, none of them opens a sketch. */
  sketch_keys: KeyStore;
  sketch_epoch: () => Promise<Epoch>;
  /** Of the sheets that reviewers see; the same, with their process in the linker's place. */
  sheet_keys: KeyStore;
  sheet_epoch: () => Promise<Epoch>;
  /** Of both: the keys of all epochs, which it can drop and not open. */
  epoch_keys: EpochKeyStore[];
  generations: Generations;
  rules: IdentityRules;
  read_audit: ReadAudit;
  search: Search;
  clock: Clock;
  log: Logger;
};
