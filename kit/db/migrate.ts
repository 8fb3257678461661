import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { OperatorError } from '../config/index.ts';

export type Migrations = {
  /** Whose migrations these are, e.g. `mpi`: several modules may share one database. */
  module: string;
  /** Folder of numbered files `NNNN_name.sql`, applied in order, each in a transaction. */
  directory: string;
};

type Migration = { name: string; sql: string; sha256: string };

const lock_key = 7_202_611;

/**
 * Brings a database to the newest version, as the migrator role. Safe to run by several processes at once (advisory
 * lock). A released file that was edited afterwards is refused.
 * @returns the names of the migrations that were applied now.
 */
export async function migrate(url: string, migrations: Migrations[]): Promise<string[]> {
  const client = new pg.Client({ connectionString: url, application_name: 'migrator' });
  await client.connect();
  try {
    await client.query("set lock_timeout = '60s'");
    await client.query('select pg_advisory_lock($1)', [lock_key]);
    await refuseNarrowLocale(client);
    await client.query(history_table);
    const applied: string[] = [];
    for (const one of migrations) applied.push(...(await migrateModule(client, one)));
    return applied;
  } finally {
    await client.end();
  }
}

/** Names of the module's migrations that a database has not had yet; for a process that may not migrate itself. */
export async function pendingMigrations(url: string, { module, directory }: Migrations): Promise<string[]> {
  const client = new pg.Client({ connectionString: url, application_name: module });
  await client.connect();
  try {
    const known = await appliedMigrations(client, module).catch((error: { code?: string }) => {
      if (error.code === '42P01') return new Map<string, string>();
      throw error;
    });
    return (await readMigrations(directory)).map(({ name }) => name).filter((name) => !known.has(name));
  } finally {
    await client.end();
  }
}

const history_table = `
  create table if not exists public.migrations (
    module text not null, name text not null, sha256 text not null,
    applied_at timestamptz not null default now(), primary key (module, name));
  grant select on public.migrations to public;`;

async function appliedMigrations(client: pg.Client, module: string): Promise<Map<string, string>> {
  const { rows } = await client.query<{ name: string; sha256: string }>(
    'select name, sha256 from public.migrations where module = $1',
    [module],
  );
  return new Map(rows.map((row) => [row.name, row.sha256]));
}

/** Names are compared without case; under the locale `C` PostgreSQL knows the case of ASCII letters only. */
async function refuseNarrowLocale(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ wide: boolean }>(`select lower('Ї') = 'ї' as wide`);
  if (!rows[0]!.wide)
    throw new OperatorError(
      'The database does not know the case of Cyrillic letters: create it with a UTF-8 locale, e.g. C.UTF-8.',
    );
}

async function migrateModule(client: pg.Client, { module, directory }: Migrations): Promise<string[]> {
  const known = await appliedMigrations(client, module);
  const migrations = await readMigrations(directory);
  refuseNewer(module, [...known.keys()], migrations);
  const applied: string[] = [];
  for (const migration of migrations) {
    const before = known.get(migration.name);
    if (before !== undefined && before !== migration.sha256)
      throw new Error(`Migration ${module}/${migration.name} was edited after it had been applied; write a new one.`);
    if (before !== undefined) continue;
    await apply(client, module, migration);
    applied.push(`${module}/${migration.name}`);
  }
  return applied;
}

/** Whoever migrates is the newest program: an older one would leave behind a database that nobody has tried. */
function refuseNewer(module: string, known: readonly string[], migrations: readonly Migration[]): void {
  const newer = known.filter((name) => !migrations.some((migration) => migration.name === name));
  if (newer.length > 0)
    throw new OperatorError(
      `The database is newer than this program, which does not know ${newer.map((name) => `${module}/${name}`).join(', ')}.`,
    );
}

async function readMigrations(directory: string): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => /^\d{4}_.+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(join(directory, name), 'utf8');
      return { name, sql, sha256: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

async function apply(client: pg.Client, module: string, migration: Migration): Promise<void> {
  try {
    await client.query('begin');
    await client.query("set local lock_timeout = '5s'");
    await client.query(migration.sql);
    await client.query('insert into public.migrations (module, name, sha256) values ($1, $2, $3)', [
      module,
      migration.name,
      migration.sha256,
    ]);
    await client.query('commit');
  } catch (cause) {
    await client.query('rollback');
    throw new Error(`Migration ${module}/${migration.name} failed: ${(cause as Error).message}`, { cause });
  }
}
