import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openDatabase } from '@zdravo/kit/db';
import { createFileKeyProvider, createKeyFile, createKeyStore, keyMigrations } from '@zdravo/kit/keys';
import { startPostgres, withClient } from '@zdravo/kit/testing';
import {
  createLogFolder,
  type LogFolder,
  migrations,
  type OpsTables,
  openLogFolder,
  published_name,
  runAudit,
} from '@zdravo/ops';
import { newDatabase } from './replica-data.ts';

const versions = Number(process.argv.find((one) => one.startsWith('--versions='))?.split('=')[1] ?? 100_000);

type Result = { figures: Record<string, number>; ratios: Record<string, number> };

/**
 * A full audit of the hashes of a whole log: every published leaf against the database, every commitment recomputed, present
 * states and histories folded again. The baseline is what the original's nightly check did over the same rows (trust.md §1):
 * one unsalted hash in SQL, which proves far less. `--versions=1000000` for the size that the goal names.
 */
export async function run(): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), 'zdravo-bench-'));
  const postgres = await startPostgres({
    directory: join(directory, 'postgres'),
    settings: ['shared_buffers=256MB', 'max_wal_size=4GB'],
  });
  try {
    const database_url = await newDatabase(postgres.url, 'ops', [migrations]);
    const keys_database_url = await newDatabase(postgres.url, 'keys', [keyMigrations]);
    const key_file = join(directory, 'ops.json');
    await createKeyFile(key_file);
    const log_folder = join(directory, 'log');
    const databases = { database_url, keys_database_url, key_file };
    const fill_s = await timed(() => fill(databases, log_folder));
    const original_s = await timed(() => originalCheck(database_url));
    const log = await openLogFolder(log_folder);
    const audit = await auditAll(databases, log);
    await log.close();
    return {
      figures: { versions, fill_per_s: versions / fill_s, original_s, ...audit, per_s: versions / audit.seconds },
      ratios: { original_to_audit: original_s / audit.seconds },
    };
  } finally {
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

type Databases = { database_url: string; keys_database_url: string; key_file: string };
async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

/** In a process of its own: what it needs of memory is not the audit's. */
async function fill({ database_url, keys_database_url, key_file }: Databases, log_folder: string): Promise<void> {
  const { log } = await createLogFolder(log_folder, 'log.example/bench');
  await writeFile(join(log_folder, 'policy'), `log ${log}\nquorum none\n`);
  const program = join(import.meta.dirname, 'audit-fill.ts');
  const of = [database_url, keys_database_url, key_file, log_folder, String(versions)];
  await promisify(execFile)(process.execPath, [program, ...of]);
  await withClient(database_url, (client) => client.query('vacuum analyze'));
}

/** `verify_chain` of the original over one block of all rows: the hashed columns without separators, SHA-512. */
function originalCheck(database_url: string): Promise<void> {
  return withClient(database_url, (client) =>
    client.query(`
      select sha512(convert_to(string_agg(concat(id, employee_id, start_date, end_date, division_id, legal_entity_id, inserted_at,
        declaration_request_id, person_id), '' order by id), 'UTF8')) from ops.declaration_heads`),
  );
}

async function auditAll({ database_url, keys_database_url, key_file }: Databases, log: LogFolder) {
  const common = { application_name: 'auditor', statement_timeout_ms: 3_600_000 };
  const reader = openDatabase<OpsTables>({ ...common, url: database_url, role: 'zdravo_ops_auditor' });
  const keys = openDatabase({ ...common, url: keys_database_url, role: 'zdravo_keys_auditor' });
  const provider = await createFileKeyProvider(key_file);
  const memory = watchMemory();
  const [began, used] = [performance.now(), process.cpuUsage()];
  const report = await runAudit({
    db: reader.db,
    keys: createKeyStore(keys.pool, provider, { module: 'ops', purpose: 'seed' }),
    tiles: log.tiles,
    readCheckpoint: () => log.checkpoints.get(published_name),
    policy: log.policy,
    state: {},
    full: true,
    now: new Date(),
  });
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(used);
  await Promise.all([reader.close(), keys.close()]);
  if (report.finding_count > 0 || report.versions !== versions) throw new Error(JSON.stringify(report.findings[0]));
  return { seconds, processor_s: (user + system) / 1e6, ...memory.stop() };
}

/** The largest resident size in the first tenth of the time and over all of it, MB: an audit that held everything would grow. */
function watchMemory(): { stop(): { rss_begin_mb: number; rss_mb: number } } {
  const samples: number[] = [];
  const timer = setInterval(() => samples.push(process.memoryUsage.rss() / 1e6), 100);
  return {
    stop: () => {
      clearInterval(timer);
      const begin = samples.slice(0, Math.ceil(samples.length / 10));
      return { rss_begin_mb: Math.max(...begin), rss_mb: Math.max(...samples) };
    },
  };
}
