import { open, stat } from 'node:fs/promises';
import { ConfigError } from '@zdravo/kit/config';
import { type Migrations, pendingMigrations, withinReach } from '@zdravo/kit/db';
import { lost_key_hint } from '@zdravo/kit/keys';
import type { TObject } from 'typebox';

/** Files that a process writes; all others named by a setting are there before it starts. */
const written_files = new Set(['REPORTS_METRICS_FILE']);

/**
 * Sees that what the settings name can be used: databases answer, files can be read, each key has its file.
 * @throws ConfigError that names each setting with its reason, all at once.
 */
export async function refuseUnusable(schema: TObject, settings: Record<string, unknown>): Promise<void> {
  requireKeyFiles(schema, settings);
  const given = Object.entries(settings).filter((one): one is [string, string] => typeof one[1] === 'string');
  const problems = await Promise.all(given.map(([name, value]) => problemOf(name, value)));
  const found = problems.filter((problem) => problem !== undefined);
  if (found.length > 0) throw new ConfigError(found);
}

/**
 * A process that is started alone does not migrate: the migrator does, under a role of its own (`npm run migrate`).
 * @throws ConfigError that names the setting and what is missing.
 */
export async function refuseOldDatabase(named: Readonly<Record<string, string>>, ...all: Migrations[]): Promise<void> {
  for (const [name, url] of Object.entries(named)) {
    const pending = (await Promise.all(all.map((migrations) => pendingMigrations(url, migrations)))).flat();
    if (pending.length === 0) continue;
    throw new ConfigError([
      `${name}: the database is older than this program, or another one: run \`npm run migrate\` first (${pending.join(', ')})`,
    ]);
  }
}

/** Key services need no files; without one, each of a process's keys lies in a file of its own. */
function requireKeyFiles(schema: TObject, settings: Record<string, unknown>): void {
  if (settings['ZDRAVO_KEYS'] !== 'file') return;
  const missing = Object.keys(schema.properties).filter(
    (name) => name.endsWith('_KEY_FILE') && settings[name] === undefined,
  );
  if (missing.length > 0) throw new ConfigError(missing.map((name) => `${name} is required by ZDRAVO_KEYS=file`));
}

async function problemOf(name: string, value: string): Promise<string | undefined> {
  if (name.endsWith('_DATABASE_URL')) return named(name, await withinReach(value));
  if (!name.endsWith('_FILE') || written_files.has(name)) return undefined;
  const reason = named(name, await readable(value));
  return reason && name.endsWith('_KEY_FILE') ? `${reason}. ${lost_key_hint}` : reason;
}

function named(name: string, reason: string | undefined): string | undefined {
  return reason === undefined ? undefined : `${name}: ${reason}`;
}

async function readable(path: string): Promise<string | undefined> {
  try {
    await (await open(path, 'r')).close();
    return (await stat(path)).isFile() ? undefined : `${path} is no file`;
  } catch (error) {
    return `${path} cannot be read (${(error as NodeJS.ErrnoException).code})`;
  }
}
