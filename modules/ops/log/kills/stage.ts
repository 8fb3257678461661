import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectionUrl, type Migrations, migrate } from '@zdravo/kit/db';
import { createKeyFile, keyMigrations } from '@zdravo/kit/keys';
import { freePort, type RunningPostgres, startPostgres, withClient } from '@zdravo/kit/testing';
import { formatVerifierKey, parseSigner } from '@zdravo/tlog';
import { createLogFolder, migrations } from '../../index.ts';
import { startWitnessedLog, type WitnessedLog } from '../testing-witnesses.ts';
import type { OpsProcessSettings } from './ops-process.ts';

const program = join(import.meta.dirname, 'ops-process.ts');
const origin = 'log.example/ops';

/** A database server, an Operations process and witnesses, all real; the first two are killed by the test. */
export type KillStage = {
  witnesses: WitnessedLog;
  log_folder: string;
  key_file: string;
  database_url: string;
  keys_database_url: string;
  ops_address: string;
  /** Starts Operations, its clock so far from the true one. @returns when it listens, or when it has ended. */
  startOps(clock_offset_ms: number): Promise<void>;
  /** kill -9 of the Operations process. */
  killOps(): Promise<void>;
  /** kill -9 of whatever PostgreSQL process works for the sequencer now; the server recovers by itself. */
  killBackend(): Promise<void>;
  /** kill -9 of the whole database server, and its restart. */
  killServer(): Promise<void>;
  /** Ends Operations as an operator would. */
  stopOps(): Promise<void>;
  close(): Promise<void>;
};

export async function startKillStage(): Promise<KillStage> {
  const directory = await mkdtemp(join(tmpdir(), 'zdravo-kills-'));
  const [pg_port, ops_port] = [await freePort(), await freePort()];
  const server_options = {
    directory: join(directory, 'postgres'),
    port: pg_port,
    password: 'postgres',
    // What a killed process has written stays with the operating system: only commits must reach it before they are told.
    settings: ['fsync=off', 'full_page_writes=off', 'shared_buffers=32MB', 'max_connections=60'],
  };
  let postgres = await startPostgres(server_options);
  const { witnesses, log_folder } = await prepareLog(directory);
  const key_file = join(directory, 'ops.json');
  await createKeyFile(key_file);
  const settings = {
    database_url: await newDatabase(postgres, 'ops', migrations),
    keys_database_url: await newDatabase(postgres, 'keys', keyMigrations),
    key_file,
    log_folder,
    port: ops_port,
  };
  let ops: ChildProcess | undefined;
  return {
    ...settings,
    witnesses,
    ops_address: `http://127.0.0.1:${ops_port}`,
    startOps: async (clock_offset_ms) => {
      ops = await startProcess({ ...settings, clock_offset_ms });
    },
    killOps: async () => end(ops, 'SIGKILL'),
    stopOps: async () => end(ops, 'SIGTERM'),
    killBackend: () => killSequencersBackend(settings.database_url),
    killServer: async () => {
      process.kill(await serverPid(server_options.directory), 'SIGKILL');
      postgres = await startAgain(server_options);
    },
    close: async () => {
      await end(ops, 'SIGKILL');
      await postgres.stop();
      await witnesses.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A log's folder whose witnesses run in this process. */
async function prepareLog(directory: string): Promise<{ witnesses: WitnessedLog; log_folder: string }> {
  const log_folder = join(directory, 'log');
  const { log } = await createLogFolder(log_folder, origin);
  const signer = parseSigner((await readFile(join(log_folder, 'log.key'), 'utf8')).trim());
  const witnesses = await startWitnessedLog({ signer });
  const lines = witnesses.witnesses.map(
    ({ name, url, witness }) => `witness ${name} ${formatVerifierKey(witness.signers[0]!.key)} ${url}`,
  );
  const policy = [`log ${log}`, ...lines, 'group all 2 one two three', 'quorum all'];
  await writeFile(join(log_folder, 'policy'), `${policy.join('\n')}\n`);
  return { witnesses, log_folder };
}

async function newDatabase(postgres: RunningPostgres, name: string, of: Migrations): Promise<string> {
  await withClient(postgres.url, (client) => client.query(`create database "${name}"`));
  const url = connectionUrl(postgres.url, { database: name });
  await migrate(url, [of]);
  return url;
}

async function startProcess(settings: OpsProcessSettings): Promise<ChildProcess> {
  const child = spawn(process.execPath, [program, JSON.stringify(settings)], { stdio: ['ignore', 'pipe', 'inherit'] });
  await Promise.race([
    new Promise((resolve) => child.stdout!.once('data', resolve)),
    new Promise((resolve) => child.once('exit', resolve)),
  ]);
  return child;
}

async function end(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await ended;
}

/** Nothing when no such connection is open, or the server is just coming back. */
async function killSequencersBackend(database_url: string): Promise<void> {
  await withClient(database_url, async (client) => {
    client.on('error', () => {});
    const { rows } = await client.query<{ pid: number }>(
      "select pid from pg_stat_activity where application_name = 'ops-sequencer' limit 1",
    );
    if (rows[0]) process.kill(rows[0].pid, 'SIGKILL');
  }).catch(() => {});
}

async function serverPid(directory: string): Promise<number> {
  return Number((await readFile(join(directory, 'postmaster.pid'), 'utf8')).split('\n')[0]);
}

/** The orphans of a killed server end by and by; until then the next one refuses to start over the same shared memory. */
async function startAgain(options: Parameters<typeof startPostgres>[0]): Promise<RunningPostgres> {
  for (let attempt = 0; ; attempt++)
    try {
      return await startPostgres(options);
    } catch (error) {
      if (attempt === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
}
