import { connectionUrl } from '@zdravo/kit/db';
import pg from 'pg';
import {
  type LoadedPlatform,
  leaveCheckpointBehind,
  most_clinics,
  prepareSignatures,
  startLoadedPlatform,
} from './platform-under-load.ts';
import { partsOfProcessorTime } from './processor-time.ts';
import { sign } from './sign.ts';

// What a signature costs, part by part (Linux): processor time of each thread and of each kind of backend, statements with their
// time and write-ahead log. `--paced` for a hundred a second; 64 at once otherwise.

const count = Number(process.env['ZDRAVO_BENCH_SIGNATURES'] ?? 1_200);
const warm_up = 0.4;
const is_paced = process.argv.includes('--paced');
const shown_statements = 16;

export async function run() {
  const loaded = await startLoadedPlatform(most_clinics, ['shared_preload_libraries=pg_stat_statements']);
  const { ops } = loaded.platform.database_urls;
  const client = new pg.Client({ connectionString: connectionUrl(ops, { database: 'postgres' }) });
  await client.connect();
  try {
    await client.query('create extension if not exists pg_stat_statements');
    return await measure(loaded, client);
  } finally {
    await client.end();
    await loaded.close();
  }
}

async function measure(loaded: LoadedPlatform, client: pg.Client) {
  await leaveCheckpointBehind(loaded);
  const prepared = await prepareSignatures(loaded, count);
  await sign(loaded, prepared.splice(0, count * warm_up));
  await client.query('select pg_stat_statements_reset()');
  const { length: signatures } = prepared;
  const before = partsOfProcessorTime(loaded.postmaster_pid);
  const { rate, errors } = await sign(loaded, prepared, is_paced ? 100 : undefined);
  const parts = [...partsOfProcessorTime(loaded.postmaster_pid)].map(
    ([part, ms]) => [`ms ${part}`, (ms - (before.get(part) ?? 0)) / signatures] as const,
  );
  const statements = await statementsOf(client, signatures);
  if (!process.argv.includes('--json'))
    for (const one of statements.slice(0, shown_statements)) console.log(lineOf(one));
  const sum = (of: 'calls' | 'ms' | 'wal_bytes') => statements.reduce((all, one) => all + one[of], 0);
  const costs = parts.filter(([, ms]) => ms >= 0.005).sort(([, one], [, other]) => other - one);
  const sums = { statements: sum('calls'), ms_in_statements: sum('ms'), wal_bytes: sum('wal_bytes') };
  return { figures: { signatures, rate, errors, ...Object.fromEntries(costs), ...sums }, ratios: {} };
}

/** Of one signature. */
type Statement = { database: string; text: string; calls: number; ms: number; wal_bytes: number };

async function statementsOf(client: pg.Client, signatures: number): Promise<Statement[]> {
  const { rows } = await client.query<Statement>(
    `select datname as database, query as text, calls::float / $1 as calls, total_exec_time / $1 as ms, wal_bytes::float / $1 as wal_bytes
     from pg_stat_statements join pg_database on pg_database.oid = dbid where toplevel order by total_exec_time desc`,
    [signatures],
  );
  return rows;
}

function lineOf({ database, text, calls, ms, wal_bytes }: Statement): string {
  const words = text.replaceAll(/\s+/g, ' ').trim().slice(0, 90);
  return `${ms.toFixed(3)} ms  ${calls.toFixed(3)} calls  ${wal_bytes.toFixed(0).padStart(6)} B  ${database.replace('zdravo_', '')}  ${words}`;
}
