import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateCountry } from '@zdravo/country-ua';
import { type Client, createClient, inProcessTransport } from '@zdravo/kit/client';
import { startPostgres } from '@zdravo/kit/testing';
import { bulkLoadPersons, createMpi, type MpiOptions } from '@zdravo/mpi';
import { contract, type Person } from '@zdravo/mpi/contract';
import type { SearchQuery } from '@zdravo/mpi/search-contract';
import pg from 'pg';
import { newRegistry, personsOption } from './linkage/registry.ts';

const searches = 2_000;
/** Below what one user may find for nothing. */
const searches_of_a_clerk = 50;
const warm_up = 200;

/**
 * The first step of the search dialogue at N encrypted persons (`--persons=N`, 1,000,000), without the floor, through the
 * contract: names and day of birth, a tenth mistyped, a tenth of nobody. `clear_of_dialogue`: the time of one look-up of
 * names and day of birth in a table in clear on the same server, for one of the dialogue (both medians).
 */
export async function run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }> {
  const directory = await mkdtemp(join(tmpdir(), 'zdravo-bench-'));
  const postgres = await startPostgres({ directory: join(directory, 'postgres') });
  try {
    const persons = personsOption(1_000_000);
    const options = await newRegistry(postgres.url, directory);
    const country = generateCountry({ seed: 'search bench', persons });
    await load(options, country.persons());
    const step = Math.max(1, Math.floor(persons / (searches + warm_up)));
    const queries = Array.from({ length: searches + warm_up }, (_, at) =>
      queryOf(country.person((at * step) % persons).person as unknown as Person, at),
    );
    const dialogue = await dialogueTimes(options, queries);
    const clear = await clearTimes(options, queries);
    return {
      figures: { persons, p50_ms: at(dialogue, 0.5), p99_ms: at(dialogue, 0.99), clear_p50_ms: at(clear, 0.5) },
      ratios: { clear_of_dialogue: at(clear, 0.5) / at(dialogue, 0.5) },
    };
  } finally {
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function load(options: MpiOptions, persons: Iterable<{ id: string; person: unknown }>): Promise<void> {
  const pool = new pg.Pool({ connectionString: options.database_url, max: 1 });
  await pool.query('create table clear_persons (id uuid, last_name text, first_name text, birth_date date)');
  const clear: unknown[][] = [[], [], [], []];
  function* loaded() {
    for (const { id, person } of persons) {
      const one = person as Person;
      [id, one.last_name, one.first_name, one.birth_date].forEach((value, column) => {
        clear[column]!.push(value);
      });
      yield { id, person: one, source: { type: 'declaration_request', id: randomUUID() } };
    }
  }
  await bulkLoadPersons({ ...options, batch_size: 2000 }, loaded());
  await pool.query(
    'insert into clear_persons select * from unnest($1::uuid[], $2::text[], $3::text[], $4::date[])',
    clear,
  );
  await pool.query('create index on clear_persons (last_name, first_name, birth_date)');
  await pool.query('vacuum analyze');
  await pool.end();
}

function queryOf({ first_name, last_name, birth_date }: Person, number: number): SearchQuery {
  if (number % 10 === 0) return { first_name, last_name: `${last_name.slice(0, 2)}${last_name.slice(3)}`, birth_date };
  if (number % 10 === 1) return { first_name, last_name: `${last_name}цько`, birth_date };
  return { first_name, last_name, birth_date };
}

async function dialogueTimes(options: MpiOptions, queries: readonly SearchQuery[]): Promise<number[]> {
  const mpi = await createMpi({ ...options, search: { settings: { floor_ms: 0 } } });
  await mpi.app.ready();
  await mpi.jobs.find(({ name }) => name === 'refresh_answer_distributions')!.run({}, { signal: undefined });
  const client = createClient(contract, inProcessTransport(mpi.app), { caller: 'bench', secret: 'bench' });
  try {
    let context = clerk();
    let asked = 0;
    return await timesOf(queries, async (query) => {
      asked += 1;
      if (asked % searches_of_a_clerk === 0) context = clerk();
      await search(client, query, context);
    });
  } finally {
    await mpi.close();
  }
}

type Context = ReturnType<typeof clerk>;
function clerk() {
  return {
    request_id: 'bench',
    actor_id: randomUUID(),
    client_id: randomUUID(),
    purpose: 'person_search:treat',
  };
}

async function search(client: Client<typeof contract>, query: SearchQuery, context: Context): Promise<void> {
  await client.startSearch({ body: query }, context);
}

async function clearTimes(options: MpiOptions, queries: readonly SearchQuery[]): Promise<number[]> {
  const pool = new pg.Pool({ connectionString: options.database_url, max: 1 });
  const text = 'select id from clear_persons where last_name = $1 and first_name = $2 and birth_date = $3';
  try {
    return await timesOf(queries, async ({ last_name, first_name, birth_date }) => {
      await pool.query({ name: 'clear', text, values: [last_name, first_name, birth_date] });
    });
  } finally {
    await pool.end();
  }
}

/** Sorted, ms; the first ones are not counted. */
async function timesOf(queries: readonly SearchQuery[], work: (query: SearchQuery) => Promise<void>) {
  const times: number[] = [];
  for (const [number, query] of queries.entries()) {
    const began = performance.now();
    await work(query);
    if (number >= warm_up) times.push(performance.now() - began);
  }
  return times.sort((one, other) => one - other);
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.floor(share * (sorted.length - 1))]!;
}
