import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { migrations as authMigrations } from '@zdravo/auth';
import { migrations as gatewayMigrations } from '@zdravo/gateway';
import { migrations as ilMigrations } from '@zdravo/il';
import { auditMigrations } from '@zdravo/kit/audit';
import { OperatorError } from '@zdravo/kit/config';
import { connectionUrl, type Migrations, migrate } from '@zdravo/kit/db';
import { migrateJobs } from '@zdravo/kit/jobs';
import { createSecretFile, keyMigrations } from '@zdravo/kit/keys';
import { type RunningPostgres, startPostgres } from '@zdravo/kit/testing';
import { migrations as mcsMigrations } from '@zdravo/mcs';
import { linker_role, key_migrations as mpiKeyMigrations, migrations as mpiMigrations } from '@zdravo/mpi';
import { migrations as opsMigrations } from '@zdravo/ops';
import { prm_role, migrations as prmMigrations } from '@zdravo/prm';
import { reports_role, migrations as reportsMigrations } from '@zdravo/reports';
import pg from 'pg';
import { development_marker } from './processes/production-guard.ts';
import type { Settings } from './settings.ts';

type DatabaseName = 'platform' | 'il_keys' | 'mcs_keys' | 'ops' | 'ops_keys' | 'mpi' | 'mpi_keys' | 'reports';

export type Databases = { urls: Record<DatabaseName, string>; stop(): Promise<void> };

type Plan = {
  name: DatabaseName;
  given: string | undefined;
  migrations: Migrations[];
  jobs_roles?: string[];
};

/** Brings up every database: a given one by its URL, the others on the embedded server, each migrated. */
export async function openDatabases(
  settings: Settings,
  server_settings: readonly string[] = ['shared_buffers=128MB'],
): Promise<Databases> {
  await refuseUnfinishedRestore(resolve(settings.ZDRAVO_DATA));
  await markDevelopment(resolve(settings.ZDRAVO_DATA));
  const plans = plansOf(settings);
  const embedded = plans.some((plan) => !plan.given) ? await startEmbedded(settings, server_settings) : undefined;
  const urls = {} as Record<DatabaseName, string>;
  try {
    for (const plan of plans) urls[plan.name] = await bringUp(plan, embedded);
  } catch (error) {
    await embedded?.stop();
    throw error;
  }
  return { urls, stop: async () => embedded?.stop() };
}

/** Migrates the databases whose URLs are set, as the role that may. @returns their names. */
export async function migrateGiven(settings: Settings): Promise<string[]> {
  const given = plansOf(settings).filter((plan) => plan.given !== undefined);
  for (const plan of given) await bringUp(plan, undefined);
  return given.map((plan) => plan.name);
}

function plansOf(settings: Settings): Plan[] {
  return [
    {
      name: 'platform',
      given: settings.PLATFORM_DATABASE_URL,
      migrations: [auditMigrations, authMigrations, prmMigrations, mcsMigrations, ilMigrations, gatewayMigrations],
      jobs_roles: ['zdravo_auth', 'zdravo_il', 'zdravo_mcs', 'zdravo_gateway', prm_role],
    },
    { name: 'il_keys', given: settings.IL_KEYS_DATABASE_URL, migrations: [keyMigrations] },
    { name: 'mcs_keys', given: settings.MCS_KEYS_DATABASE_URL, migrations: [keyMigrations] },
    {
      name: 'ops',
      given: settings.OPS_DATABASE_URL,
      migrations: [auditMigrations, opsMigrations],
      jobs_roles: ['zdravo_ops'],
    },
    { name: 'ops_keys', given: settings.OPS_KEYS_DATABASE_URL, migrations: [keyMigrations] },
    {
      name: 'mpi',
      given: settings.MPI_DATABASE_URL,
      migrations: [auditMigrations, mpiMigrations],
      jobs_roles: ['zdravo_mpi', linker_role],
    },
    { name: 'mpi_keys', given: settings.MPI_KEYS_DATABASE_URL, migrations: mpiKeyMigrations },
    {
      name: 'reports',
      given: settings.REPORTS_DATABASE_URL,
      migrations: [auditMigrations, reportsMigrations],
      jobs_roles: [reports_role],
    },
  ];
}

async function bringUp(plan: Plan, embedded: RunningPostgres | undefined): Promise<string> {
  const url = plan.given ?? (await createDatabase(embedded!.url, `zdravo_${plan.name}`));
  await migrate(url, plan.migrations);
  if (plan.jobs_roles) await migrateJobs(url, ...plan.jobs_roles);
  return url;
}

async function createDatabase(server_url: string, database: string): Promise<string> {
  const client = new pg.Client({ connectionString: server_url });
  await client.connect();
  const { rowCount } = await client.query('select from pg_database where datname = $1', [database]);
  if (!rowCount) await client.query(`create database "${database}"`);
  await client.end();
  return connectionUrl(server_url, { database });
}

async function startEmbedded(settings: Settings, server_settings: readonly string[]): Promise<RunningPostgres> {
  const data = resolve(settings.ZDRAVO_DATA);
  return startPostgres({
    directory: join(data, 'postgres'),
    password: await keptSecret(join(data, 'postgres.password')),
    // A replica that stopped reading must not fill the disk: its slot is lost instead, and copied anew.
    settings: [...server_settings, 'max_slot_wal_keep_size=4GB'],
  });
}

/** The file that marks a data folder into which a copy has not been brought back completely. */
export const unfinished_restore = 'restore-unfinished';

async function refuseUnfinishedRestore(data: string): Promise<void> {
  const found: string[] = await readdir(data).catch(() => []);
  if (found.includes(unfinished_restore))
    throw new OperatorError(
      `${data} holds parts of a copy: a restore was broken off. Begin it again, or \`npm run reset\`.`,
    );
}

async function markDevelopment(data: string): Promise<void> {
  await mkdir(data, { recursive: true });
  await writeFile(join(data, development_marker), 'Keys and secrets in here serve development only.\n');
}

/** A random secret, made once and kept in a file of its owner's: whole or not at all, however many ask for it at once. */
export async function keptSecret(path: string): Promise<string> {
  await createSecretFile(path, () => randomBytes(18).toString('hex'));
  const kept = await readFile(path, 'utf8');
  if (kept === '') throw new Error(`${path} is empty, where a secret is expected: restore or remove it`);
  return kept;
}
