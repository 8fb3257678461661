import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient, inProcessTransport } from '@zdravo/kit/client';
import { createLinker, createMpi, type Linker } from '@zdravo/mpi';
import { contract, type Person } from '@zdravo/mpi/contract';
import { withRegistry } from './linkage/kept-registry.ts';
import { benchCountry, recordsOf } from './linkage/population.ts';
import { personsOption, type Registry } from './linkage/registry.ts';

const registrations = 3000;
/** Every so-many-th is of somebody who is there already. */
const known_among_them = 25;
const clients = 16;
const ticks_per_second = 100;

/**
 * Registrations of persons through the contract of the patient index, with a linker that compares each of them at the
 * same time, beside N encrypted persons (`--persons=N`, 1,000,000). `rate_per_core`: registrations for each second of
 * processor time, PostgreSQL's included. `p99_ms`: one on-line match of one registration, from id to decision.
 */
export function run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }> {
  return withRegistry(personsOption(1_000_000), async (registry, { count, persons, postgres_directory }) => {
    const { ids, seconds, used, times } = await register(registry, newcomersOf(persons), postgres_directory);
    const figures = {
      persons: count,
      rate_per_core: ids.length / used,
      rate: ids.length / seconds,
      p50_ms: times[500]!,
      p99_ms: times[989]!,
    };
    return { figures, ratios: {} };
  });
}

async function register(registry: Registry, newcomers: Person[], postgres_directory: string) {
  const mpi = await createMpi(registry);
  await mpi.app.ready();
  const linker = await createLinker(registry);
  try {
    const put = putter(createClient(contract, inProcessTransport(mpi.app), { caller: 'bench', secret: 'bench' }));
    await put(newcomers.splice(0, 100));
    await linker.drain();
    const before = await processorSeconds(postgres_directory);
    const began = performance.now();
    const ids = await put(newcomers);
    await linker.drain();
    const seconds = (performance.now() - began) / 1000;
    const used = (await processorSeconds(postgres_directory)) - before;
    return { ids, seconds, used, times: await timesOf(linker, ids.slice(0, 1000)) };
  } finally {
    await linker.close();
    await mpi.close();
  }
}

/** People of the same country who are not there yet, and now and then another entry of one who is. */
function newcomersOf(persons: number): Person[] {
  const country = benchCountry(persons + registrations);
  return Array.from({ length: registrations }, (_, at) => {
    if (at % known_among_them > 0) return country.person(persons + at).person as unknown as Person;
    const from = Math.floor((at * persons) / registrations);
    const again = [...recordsOf(persons, { from, to: from + 1 }, 'another entry')].find(
      ({ changes }) => changes.length > 0,
    );
    return again!.person as unknown as Person;
  });
}

function putter(client: ReturnType<typeof createClient<typeof contract>>) {
  return async (persons: Person[]): Promise<string[]> => {
    const waiting = [...persons];
    const ids: string[] = [];
    const one = async () => {
      for (let person = waiting.pop(); person !== undefined; person = waiting.pop()) {
        const body = { person, source: { type: 'declaration_request', id: randomUUID() } };
        ids.push((await client.putPerson({ params: { id: randomUUID() }, body }, { request_id: 'benchmark' })).id);
      }
    };
    await Promise.all(Array.from({ length: clients }, one));
    return ids;
  };
}

async function timesOf(linker: Linker, ids: string[]): Promise<number[]> {
  const times: number[] = [];
  for (const id of ids) {
    const began = performance.now();
    await linker.match(id);
    times.push(performance.now() - began);
  }
  return times.sort((one, other) => one - other);
}

/** Of this process and of the server's; the server's from /proc, where that is. */
async function processorSeconds(postgres_directory: string): Promise<number> {
  const { user, system } = process.cpuUsage();
  const postmaster = Number((await readFile(join(postgres_directory, 'postmaster.pid'), 'utf8')).split('\n')[0]);
  let ticks = 0;
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(fields[1]) === postmaster) ticks += Number(fields[11]) + Number(fields[12]);
  }
  return (user + system) / 1e6 + ticks / ticks_per_second;
}
