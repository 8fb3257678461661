import { join } from 'node:path';
import type { Migrations } from '../db/index.ts';

/** The table of wrapped keys, for each module's key database. */
export const keyMigrations: Migrations = { module: 'keys', directory: join(import.meta.dirname, 'migrations') };
