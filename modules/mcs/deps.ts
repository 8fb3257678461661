import type { ReadAudit } from '@zdravo/kit/audit';
import type { Clock } from '@zdravo/kit/clock';
import type { Logger } from '@zdravo/kit/log';
import type { Kysely } from 'kysely';
import type { BlobStore, Presigner } from './blob-store/index.ts';
import type { Gate } from './gate.ts';
import type { Scanner } from './inspection/index.ts';
import type { ObjectKeys } from './object-keys.ts';
import type { MediaSettings } from './settings.ts';
import type { Tables } from './tables.ts';

/** What the functions of this module work with. */
export type McsDeps = {
  db: Kysely<Tables>;
  store: BlobStore;
  keys: ObjectKeys;
  /** Signs the addresses under which we hand out decrypted documents. */
  downloads: Presigner;
  scanner: Scanner | undefined;
  /** Bounds the files that are in memory while they are looked into. */
  inspections: Gate;
  read_audit: ReadAudit;
  clock: Clock;
  settings: MediaSettings;
  log: Logger;
};

/** What an object or an upload belongs to: `declaration_request`, `declaration`, `legal_entity`, … and its id. */
export type Resource = { resource_type: string; resource_id: string };
