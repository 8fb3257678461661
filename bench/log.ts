import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, inProcessTransport } from '@zdravo/kit/client';
import { systemClock } from '@zdravo/kit/clock';
import { connectionUrl, migrate } from '@zdravo/kit/db';
import { createFileKeyProvider, createKeyFile, keyMigrations } from '@zdravo/kit/keys';
import { createLogger } from '@zdravo/kit/log';
import { startPostgres } from '@zdravo/kit/testing';
import { createOps, migrations, type Ops } from '@zdravo/ops';
import { contract } from '@zdravo/ops/contract';
import { logWithoutWitnesses, someDeclaration } from '@zdravo/ops/testing';
import pg from 'pg';

const duration_ms = 15_000;
const clients = 32;

/**
 * Declarations per second through the contract of Operations (whole HTTP stack, keys, versions, heads, leaves, events,
 * audit, durable) with the sequencer at work, against the raw insert of seven rows in one transaction on the same server.
 */
export async function run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }> {
  const directory = await mkdtemp(join(tmpdir(), 'zdravo-bench-'));
  const postgres = await startPostgres({ directory: join(directory, 'postgres') });
  try {
    const raw = await rawTransactions(postgres.url);
    const measured = await declarations(postgres.url, directory);
    return {
      figures: { rate: measured.rate, gap_p50_ms: measured.gap_p50_ms, gap_p99_ms: measured.gap_p99_ms, raw_rate: raw },
      ratios: { of_raw_transaction: measured.rate / raw },
    };
  } finally {
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function declarations(server_url: string, directory: string) {
  const database_url = await newDatabase(server_url, 'ops');
  const keys_database_url = await newDatabase(server_url, 'keys');
  await migrate(database_url, [migrations]);
  await migrate(keys_database_url, [keyMigrations]);
  const key_file = join(directory, 'ops.json');
  await createKeyFile(key_file);
  const ops = await createOps({
    database_url,
    keys_database_url,
    key_provider: await createFileKeyProvider(key_file),
    callers: { bench: 'bench' },
    clock: systemClock('Europe/Kyiv'),
    log: createLogger({ name: 'bench', level: 'silent' }),
    transparency_log: logWithoutWitnesses(),
    verification_request_expiration_days: 1,
  });
  await ops.app.ready();
  ops.sequencer.start();
  const client = createClient(contract, inProcessTransport(ops.app), { caller: 'bench', secret: 'bench' });
  const stored = await duringAll(() =>
    client.putDeclaration({ params: { id: randomUUID() }, body: someDeclaration() }, { request_id: 'benchmark' }),
  );
  const gaps = await headGaps(ops, database_url);
  await ops.close();
  return { rate: stored / (duration_ms / 1000), ...gaps };
}

async function headGaps(ops: Ops, url: string): Promise<{ gap_p50_ms: number; gap_p99_ms: number }> {
  await ops.sequencer.drain();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ p50: number; p99: number }>(`
    select percentile_cont(0.5) within group (order by gap) as p50, percentile_cont(0.99) within group (order by gap) as p99
    from (select extract(epoch from at - lag(at) over (order by size))::float8 * 1000 as gap from ops.log_heads) gaps`);
  await client.end();
  return { gap_p50_ms: rows[0]!.p50, gap_p99_ms: rows[0]!.p99 };
}

async function rawTransactions(server_url: string): Promise<number> {
  const pool = new pg.Pool({ connectionString: await newDatabase(server_url, 'raw'), max: clients });
  await pool.query(
    'create table rows (id uuid, part int, body bytea, at timestamptz default now(), primary key (id, part))',
  );
  const body = Buffer.alloc(600, 1);
  const done = await duringAll(async () => {
    const client = await pool.connect();
    const id = randomUUID();
    await client.query('begin');
    for (let part = 0; part < 7; part++)
      await client.query('insert into rows (id, part, body) values ($1, $2, $3)', [id, part, body]);
    await client.query('commit');
    client.release();
  });
  await pool.end();
  return done / (duration_ms / 1000);
}

/** Runs `work` from all clients until the time is over. @returns how often it ended. */
async function duringAll(work: () => Promise<unknown>): Promise<number> {
  const end = Date.now() + duration_ms;
  let count = 0;
  const one = async () => {
    while (Date.now() < end) {
      await work();
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: clients }, one));
  return count;
}

async function newDatabase(server_url: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: server_url });
  await client.connect();
  await client.query(`create database "${name}"`);
  await client.end();
  return connectionUrl(server_url, { database: name });
}
