import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Country, generateCountry, type LinkageRecord, withDuplicates } from '@zdravo/country-ua';
import pg from 'pg';
import { withIndexesAfterwards } from './indexes-afterwards.ts';
import type { Connections, Registry } from './registry.ts';

const seed = 'linkage bench';
const share_entered_twice = 0.04;
const processes = 2;

export type Part = { from: number; to: number };
export type LoadOrder = { connections: Connections; persons: number; part: Part };
export type Loaded = { count: number; truth: [record_id: string, truth_id: string][] };

/** The country whose first persons a registry of a bench has; the further ones are still to come. */
export function benchCountry(persons: number): Country {
  return generateCountry({ seed, persons });
}

/** Records of these persons, of whom 4 % were entered again; other `entries` are other second records of the same persons. */
export function recordsOf(persons: number, { from, to }: Part, entries = seed): Iterable<LinkageRecord> {
  const share = entries === seed ? share_entered_twice : 1;
  return withDuplicates(benchCountry(persons).persons(from, to), { seed: entries, share });
}

/**
 * Seals and loads so many persons, each part by a process of its own.
 * @returns whose record each is: pairs of persons entered more than once, by record id.
 */
export async function loadPopulation(
  { database_url, keys_database_url, key_file }: Registry,
  persons: number,
): Promise<Loaded> {
  const connections = { database_url, keys_database_url, key_file };
  const size = Math.ceil(persons / processes);
  const parts = Array.from({ length: processes }, (_, at) => ({
    from: at * size,
    to: Math.min(persons, (at + 1) * size),
  }));
  const loaded = await withIndexesAfterwards(database_url, () =>
    Promise.all(parts.map((part) => loadInProcess({ connections, persons, part }))),
  );
  for (const url of [database_url, keys_database_url]) await vacuum(url);
  return {
    count: loaded.reduce((sum, one) => sum + one.count, 0),
    truth: loaded.flatMap(({ truth }) => truth),
  };
}

async function loadInProcess(order: LoadOrder): Promise<Loaded> {
  const program = join(import.meta.dirname, 'load-process.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [program, JSON.stringify(order)], {
    maxBuffer: 1 << 28,
  });
  return JSON.parse(stdout) as Loaded;
}

async function vacuum(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('vacuum analyze');
  await client.end();
}
