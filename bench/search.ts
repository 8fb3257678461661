import { randomUUID } from 'node:crypto';
import { type Client, createClient, inProcessTransport } from '@zdravo/kit/client';
import { createMpi, type MpiOptions } from '@zdravo/mpi';
import { contract, type Person } from '@zdravo/mpi/contract';
import type { SearchQuery } from '@zdravo/mpi/search-contract';
import pg from 'pg';
import { withRegistry } from './linkage/kept-registry.ts';
import { benchCountry } from './linkage/population.ts';
import { personsOption } from './linkage/registry.ts';

const searches = 2_000;
/** Below what one user may find for nothing. */
const searches_of_a_clerk = 50;
const warm_up = 200;

/**
 * The first step of the search dialogue at N encrypted persons (`--persons=N`, 1,000,000), without the floor, through the
 * contract: names and day of birth, a tenth mistyped, a tenth of nobody. `clear_of_dialogue`: the time of one look-up of
 * names and day of birth in a table in clear on the same server, for one of the dialogue (both medians).
 */
export function run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }> {
  return withRegistry(personsOption(1_000_000), async (registry, { count, persons }) => {
    const country = benchCountry(persons);
    await loadInClear(registry, country.persons());
    const step = Math.max(1, Math.floor(persons / (searches + warm_up)));
    const queries = Array.from({ length: searches + warm_up }, (_, at) =>
      queryOf(country.person((at * step) % persons).person as unknown as Person, at),
    );
    const dialogue = await dialogueTimes(registry, queries);
    const clear = await clearTimes(registry, queries);
    return {
      figures: { persons: count, p50_ms: at(dialogue, 0.5), p99_ms: at(dialogue, 0.99), clear_p50_ms: at(clear, 0.5) },
      ratios: { clear_of_dialogue: at(clear, 0.5) / at(dialogue, 0.5) },
    };
  });
}

const rows_at_once = 20_000;

async function loadInClear({ database_url }: MpiOptions, persons: Iterable<{ person: unknown }>): Promise<void> {
  const pool = new pg.Pool({ connectionString: database_url, max: 1 });
  await pool.query('create table clear_persons (last_name text, first_name text, birth_date date)');
  let rows: Person[] = [];
  const send = async () => {
    const columns = [
      rows.map((row) => row.last_name),
      rows.map((row) => row.first_name),
      rows.map((row) => row.birth_date),
    ];
    await pool.query('insert into clear_persons select * from unnest($1::text[], $2::text[], $3::date[])', columns);
    rows = [];
  };
  for (const { person } of persons) {
    rows.push(person as Person);
    if (rows.length === rows_at_once) await send();
  }
  await send();
  await pool.query('create index on clear_persons (last_name, first_name, birth_date)');
  await pool.query('vacuum analyze clear_persons');
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
  const text = 'select birth_date from clear_persons where last_name = $1 and first_name = $2 and birth_date = $3';
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
