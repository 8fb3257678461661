import type { ReadAudit } from '@zdravo/kit/audit';
import type { KeyStore } from '@zdravo/kit/keys';
import type { Kysely } from 'kysely';
import type { BlindIndexes, Normalise } from './blind-indexes.ts';
import type { Tables } from './tables.ts';

/** What the functions of this module work with. */
export type MpiDeps = {
  db: Kysely<Tables>;
  keys: KeyStore;
  indexes: BlindIndexes;
  normalise: Normalise;
  read_audit: ReadAudit;
};
