import type { ReadAudit } from '@zdravo/kit/audit';
import type { Clock } from '@zdravo/kit/clock';
import type { Transaction } from '@zdravo/kit/db';
import type { KeyStore } from '@zdravo/kit/keys';
import type { Logger } from '@zdravo/kit/log';
import type { Kysely } from 'kysely';
import type { IdentityRules } from './identity-rules.ts';
import type { Generations } from './indexes/generations.ts';
import type { PersonLookup } from './persons/person-lookup.ts';
import type { Distributions } from './search/distributions.ts';
import type { SearchKeys } from './search/keys.ts';
import type { SearchSettings } from './search/settings.ts';
import type { Tables } from './tables.ts';

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
  /** Persons by id; what is asked for at once is read together. */
  persons: PersonLookup;
  keys: KeyStore;
  /** Of the linkage sketches: the index only makes and wraps these. */
  sketch_keys: KeyStore;
  /** Of the sheets that reviewers see. */
  sheet_keys: KeyStore;
  generations: Generations;
  rules: IdentityRules;
  read_audit: ReadAudit;
  search: Search;
  clock: Clock;
  log: Logger;
};
