import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Migrations } from '@zdravo/kit/db';

/** Which schema lives in which database. Modules of the platform share one, in the order in which they build on each other. */
export const schemas: { module: string; database: string; migrations: Migrations[] }[] = [
  ...['auth', 'prm', 'mcs', 'il', 'gateway'].map((module) => place(module, 'platform')),
  place('mpi', 'mpi'),
  place('ops', 'ops'),
  place('reports', 'reports'),
].filter(({ migrations }) => migrations.every(({ directory }) => existsSync(directory)));

function place(module: string, database: string) {
  return { module, database, migrations: [{ module, directory: migrationsOf(module) }] };
}

/** Folder of a module’s migrations. */
export function migrationsOf(module: string): string {
  return join(import.meta.dirname, '..', 'modules', module, 'migrations');
}
