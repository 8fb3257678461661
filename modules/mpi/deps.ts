import type { ReadAudit } from '@zdravo/kit/audit';
import type { Clock } from '@zdravo/kit/clock';
import type { Transaction } from '@zdravo/kit/db';
import type { KeyStore } from '@zdravo/kit/keys';
import type { Logger } from '@zdravo/kit/log';
import type { Kysely } from 'kysely';
import type { IdentityRules } from './identity-rules.ts';
import type { Generations } from './indexes/generations.ts';
import type { Tables } from './tables.ts';

export type MpiTransaction = Transaction<Tables>;
/** A connection or a transaction. */
export type MpiDatabase = Kysely<Tables> | MpiTransaction;

/** Refuses a search with a `Problem` (429) when the asker has used up their budget. */
export type SearchLimit = (asker: Asker) => Promise<void>;

/** On whose behalf a call comes. */
export type Asker = { request_id: string; actor_id: string | null; client_id: string | null; purpose: string | null };

export type MpiDeps = {
  db: Kysely<Tables>;
  keys: KeyStore;
  /** Of the linkage sketches: the index only makes and wraps these. */
  sketch_keys: KeyStore;
  /** Of the sheets that reviewers see. */
  sheet_keys: KeyStore;
  generations: Generations;
  rules: IdentityRules;
  read_audit: ReadAudit;
  search_limit: SearchLimit;
  clock: Clock;
  log: Logger;
};
