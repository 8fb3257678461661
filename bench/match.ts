import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, inProcessTransport } from '@zdravo/kit/client';
import { startPostgres } from '@zdravo/kit/testing';
import { createLinker, createMpi, type Linker } from '@zdravo/mpi';
import { contract, type Person } from '@zdravo/mpi/contract';
import { generatedRecords, loadRecords, newRegistry, personsOption } from './linkage/registry.ts';

const registrations = 3000;
const clients = 16;
const ticks_per_second = 100;

/**
 * Registrations of persons through the contract of the patient index, with a linker that compares each of them at the
 * same time, beside N encrypted persons (`--persons=N`, 1,000,000). `rate_per_core`: registrations for each second of
 * processor time, PostgreSQL's included. `p99_ms`: one on-line match of one registration, from id to decision.
 */
export async function run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }> {
  const directory = await mkdtemp(join(tmpdir(), 'zdravo-bench-'));
  const postgres_directory = join(directory, 'postgres');
  const postgres = await startPostgres({ directory: postgres_directory });
  try {
    const persons = personsOption(1_000_000);
    const registry = await newRegistry(postgres.url, directory);
    const { newcomers, others } = parted(generatedRecords(persons), Math.ceil(persons / registrations));
    const { count } = await loadRecords(registry, others);
    const mpi = await createMpi(registry);
    await mpi.app.ready();
    const linker = await createLinker(registry);
    const put = putter(createClient(contract, inProcessTransport(mpi.app), { caller: 'bench', secret: 'bench' }));
    await put(newcomers.splice(0, 100));
    await linker.drain();
    const before = await processorSeconds(postgres_directory);
    const began = performance.now();
    const ids = await put(newcomers);
    await linker.drain();
    const seconds = (performance.now() - began) / 1000;
    const used = (await processorSeconds(postgres_directory)) - before;
    const times = await timesOf(linker, ids.slice(0, 1000));
    await linker.close();
    await mpi.close();
    const figures = {
      persons: count,
      rate_per_core: ids.length / used,
      rate: ids.length / seconds,
      p50_ms: times[500]!,
      p99_ms: times[989]!,
    };
    return { figures, ratios: {} };
  } finally {
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Every so-many-th record comes later, as a registration; those of people who are there already among them. */
function parted(records: ReturnType<typeof generatedRecords>, every: number) {
  const newcomers: Person[] = [];
  function* others() {
    let at = 0;
    for (const record of records) {
      at += 1;
      if (at % every === 0) newcomers.push(record.person as unknown as Person);
      else yield record;
    }
  }
  return { newcomers, others: others() };
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
