import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { roomyServer } from '@zdravo/dev/roomy-server';
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
    const stocked = kept === undefined ? await stockUp(directory, persons) : await keptStock(kept, persons);
    if (kept !== undefined) await copy(kept, directory);
    server = await startServer(directory, roomyServer());
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

/** Loading is not measured, and what a crash spoils is loaded again. */
const loading_settings = [...roomyServer(), 'full_page_writes=off', 'autovacuum=off'];

function startServer(directory: string, settings: readonly string[]): Promise<RunningPostgres> {
  return startPostgres({ directory: join(directory, 'postgres'), password: 'bench', settings });
}

/** Stopped after the load: what is measured meets no checkpoint of it. */
async function stockUp(directory: string, persons: number): Promise<Stocked> {
  const server = await startServer(directory, loading_settings);
  try {
    const registry = await newRegistry(server.url, directory);
    const began = performance.now();
    const loaded = await loadPopulation(registry, persons);
    return { ...loaded, persons, load_seconds: (performance.now() - began) / 1000 };
  } finally {
    await server.stop();
  }
}

const stock = ['postgres', 'mpi.json'];
const list_of_stock = 'stocked.json';

/** The list comes last: a load that was broken off is begun anew. */
async function keptStock(kept: string, persons: number): Promise<Stocked> {
  const list = join(kept, list_of_stock);
  const text = await readFile(list, 'utf8').catch(() => undefined);
  if (text === undefined) {
    for (const name of stock) await rm(join(kept, name), { recursive: true, force: true });
    await mkdir(kept, { recursive: true });
    const stocked = await stockUp(kept, persons);
    await writeFile(list, JSON.stringify(stocked));
    return stocked;
  }
  const stocked = JSON.parse(text) as Stocked;
  if (stocked.persons === persons) return stocked;
  throw new Error(`${kept} keeps a registry of ${stocked.persons} persons, not of ${persons}`);
}

/** With owners and permissions, on which the server insists. */
async function copy(from: string, to: string): Promise<void> {
  // Run by root, the server is another user, who has to get through.
  await chmod(to, 0o711);
  for (const name of stock) await promisify(execFile)('cp', ['-a', join(from, name), to]);
}
