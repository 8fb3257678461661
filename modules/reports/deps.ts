import type { Clock } from '@zdravo/kit/clock';
import type { Logger } from '@zdravo/kit/log';
import type { Kysely } from 'kysely';
import type { PublicFiles } from './publication/public-files.ts';
import type { PublicationsLog } from './publication/publications-log.ts';
import type { Tables } from './tables.ts';

export type ReportsSettings = {
  /** A cell with fewer declarations is never published by itself. */
  smallest_cell: number;
  /** How many closed months a run computes again for corrections. */
  corrected_months: number;
  /** How long an answer of the statistics may be served again. */
  cache_s: number;
};

export const default_settings: ReportsSettings = { smallest_cell: 10, corrected_months: 3, cache_s: 60 };

export type ReportsDeps = {
  db: Kysely<Tables>;
  /** For runs: statements that take minutes. */
  long_db: Kysely<Tables>;
  clock: Clock;
  log: Logger;
  files: PublicFiles;
  /** Its signer also signs manifests. */
  publications: PublicationsLog;
  code_version: string;
  settings: ReportsSettings;
};
