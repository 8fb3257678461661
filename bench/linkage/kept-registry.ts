import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connectionUrl } from '@zdravo/kit/db';
import { type RunningPostgres, startPostgres } from '@zdravo/kit/testing';
import { type Loaded, loadPopulation } from './population.ts';
import { newRegistry, openRegistry, type Registry } from './registry.ts';

export type Stocked = Loaded & {
  persons: number;
  /** Seconds that sealing and loading took. */
  load_seconds: number;
};
type Work<Result> = (registry: Registry, stocked: Stocked & { postgres_directory: string }) => Promise<Result>;

/**
 * Runs a bench on a registry of so many generated persons. Loading a million takes minutes: with `--registry=DIR` on the
 * command line it is done once and kept there, and each run works on a copy.
 */
export async function withRegistry<Result>(persons: number, work: Work<Result>): Promise<Result> {
  const kept = process.argv.find((argument) => argument.startsWith('--registry='))?.slice('--registry='.length);
  const directory = await mkdtemp(join(tmpdir(), 'zdravo-bench-'));
  let server: RunningPostgres | undefined;
  try {
    const stock = kept === undefined ? undefined : await findStock(kept, persons);
    if (stock) await copy(kept!, directory);
    server = await startServer(directory);
    const stocked = stock ?? (await stockUp(server.url, directory, persons));
    if (!stock && kept !== undefined) {
      await server.stop();
      await keep(directory, kept, stocked);
      server = await startServer(directory);
    }
    const registry = await openRegistry({
      database_url: connectionUrl(server.url, { database: 'mpi' }),
      keys_database_url: connectionUrl(server.url, { database: 'mpi_keys' }),
      key_file: join(directory, 'mpi.json'),
    });
    return await work(registry, { ...stocked, postgres_directory: join(directory, 'postgres') });
  } finally {
    await server?.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** A server as an installation of a million persons has it: the stock settings are for a hundredth of that. */
function startServer(directory: string): Promise<RunningPostgres> {
  return startPostgres({
    directory: join(directory, 'postgres'),
    password: 'bench',
    settings: ['shared_buffers=1GB', 'max_wal_size=8GB'],
  });
}

async function stockUp(server_url: string, directory: string, persons: number): Promise<Stocked> {
  const registry = await newRegistry(server_url, directory);
  const began = performance.now();
  const loaded = await loadPopulation(registry, persons);
  return { ...loaded, persons, load_seconds: (performance.now() - began) / 1000 };
}

const list_of_stock = 'stocked.json';

async function findStock(kept: string, persons: number): Promise<Stocked | undefined> {
  const text = await readFile(join(kept, list_of_stock), 'utf8').catch(() => undefined);
  const stocked = text === undefined ? undefined : (JSON.parse(text) as Stocked);
  if (stocked && stocked.persons !== persons)
    throw new Error(`${kept} keeps a registry of ${stocked.persons} persons, not of ${persons}`);
  return stocked;
}

/** The list comes last: a copy that was broken off is none. */
async function keep(directory: string, kept: string, stocked: Stocked): Promise<void> {
  await mkdir(kept, { recursive: true });
  await copy(directory, kept);
  await writeFile(join(kept, list_of_stock), JSON.stringify(stocked));
}

/** With owners and permissions, on which the server insists. */
async function copy(from: string, to: string): Promise<void> {
  // Run by root, the server is another user, who has to get through.
  await chmod(to, 0o711);
  for (const name of ['postgres', 'mpi.json']) await promisify(execFile)('cp', ['-a', join(from, name), to]);
}
