import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient, inProcessTransport } from '@zdravo/kit/client';
import { systemClock } from '@zdravo/kit/clock';
import { createFileKeyProvider, createKeyFile, keyMigrations } from '@zdravo/kit/keys';
import { createLogger } from '@zdravo/kit/log';
import { startPostgres } from '@zdravo/kit/testing';
import { bulkLoadDeclarations, createLogFolder, createOps, migrations, type Ops, openLogFolder } from '@zdravo/ops';
import { contract } from '@zdravo/ops/contract';
import { someDeclaration } from '@zdravo/ops/testing';
import pg from 'pg';
import { startWitnesses } from '../dev/witnesses.ts';
import { measureWriters } from './log-writers.ts';
import { newDatabase } from './replica-data.ts';

const duration_ms = 12_000;
const writers = 64;
/** Of the clinic that is closed, beside those that the writers put: so many that its closing is a load and no moment. */
const loaded = 50_000;
const context = { request_id: 'benchmark' };
const silent = createLogger({ name: 'bench', level: 'silent' });

type Result = { figures: Record<string, number>; ratios: Record<string, number> };

/**
 * The tamper-evident log at work: real keys, files and three witness programs, of which two must cosign. `rate`: record
 * versions per second from an order that ends declarations to the cosigned checkpoint over all of them; `put_rate`:
 * declarations per second through the whole contract from 64 writers at once, each answered with its promise.
 */
export async function run(): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), 'zdravo-bench-'));
  const postgres = await startPostgres({
    directory: join(directory, 'postgres'),
    settings: ['shared_buffers=256MB', 'max_connections=200'],
  });
  const log = await createLogFolder(join(directory, 'log'), 'log.example/bench');
  const witnesses = await startWitnesses(join(directory, 'witnesses'), log.log);
  await writeFile(join(directory, 'log', 'policy'), `${[`log ${log.log}`, ...witnesses.lines].join('\n')}\n`);
  const transparency_log = await openLogFolder(join(directory, 'log'));
  try {
    const database_url = await newDatabase(postgres.url, 'ops', [migrations]);
    const keys_database_url = await newDatabase(postgres.url, 'keys', [keyMigrations]);
    await createKeyFile(join(directory, 'ops.json'));
    const key_provider = await createFileKeyProvider(join(directory, 'ops.json'));
    const ops = await createOps({
      database_url,
      keys_database_url,
      key_provider,
      callers: { bench: 'bench' },
      clock: systemClock('Europe/Kyiv'),
      log: silent,
      transparency_log,
    });
    await ops.app.ready();
    const legal_entity_id = randomUUID();
    const stored_at = new Date(Date.now() - 60_000).toISOString();
    await bulkLoadDeclarations(
      { database_url, keys_database_url, key_provider, log: silent, stored_at },
      manyDeclarations(legal_entity_id),
    );
    await ops.sequencer.drain();
    const figures = await measureOps(ops, database_url, legal_entity_id);
    const ratios = await measureWriters(database_url, ops.sequencer, writers);
    await ops.close();
    return { figures, ratios };
  } finally {
    await transparency_log.close();
    await witnesses.stop();
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

function* manyDeclarations(legal_entity_id: string) {
  for (let at = 0; at < loaded; at++) yield { id: randomUUID(), ...someDeclaration({ legal_entity_id }) };
}

async function measureOps(ops: Ops, database_url: string, legal_entity_id: string): Promise<Record<string, number>> {
  const client = createClient(contract, inProcessTransport(ops.app), { caller: 'bench', secret: 'bench' });
  ops.sequencer.start();
  const database = new pg.Client({ connectionString: database_url });
  await database.connect();
  const puts = await putAll(client, legal_entity_id);
  await covered(database);
  const first_bulk_size = await treeSize(database);
  const began = performance.now();
  await endAll(ops, client, legal_entity_id);
  await covered(database);
  const bulk_s = (performance.now() - began) / 1000;
  const bulk = (await treeSize(database)) - first_bulk_size;
  const gaps = await checkpointGaps(database);
  await database.end();
  return {
    rate: bulk / bulk_s,
    put_rate: puts.count / (duration_ms / 1000),
    ...gaps,
    receipt_p99_ms: puts.receipt_p99_ms,
    versions: puts.count + bulk,
  };
}

/** All writers but one put as fast as they can; the last one waits for the receipt of each. */
async function putAll(client: Client<typeof contract>, legal_entity_id: string) {
  const end = performance.now() + duration_ms;
  const waits: number[] = [];
  let count = 0;
  const put = async () => {
    const params = { id: randomUUID() };
    await client.putDeclaration({ params, body: someDeclaration({ legal_entity_id }) }, context);
    count += 1;
    return params;
  };
  const writer = async () => {
    while (performance.now() < end) await put();
  };
  const patient = async () => {
    while (performance.now() < end) {
      const began = performance.now();
      const { receipt } = await client.getReceipt({ params: await put(), query: { wait_ms: 10_000 } }, context);
      if (receipt === null) throw new Error('A receipt did not come within ten seconds.');
      waits.push(performance.now() - began);
    }
  };
  await Promise.all([...Array.from({ length: writers - 1 }, writer), patient()]);
  return { count, receipt_p99_ms: percentile(waits, 0.99) };
}

async function endAll(ops: Ops, client: Client<typeof contract>, legal_entity_id: string): Promise<void> {
  const order = {
    subject_type: 'legal_entity',
    subject_id: legal_entity_id,
    actor_id: randomUUID(),
    reason: 'closed',
  } as const;
  await client.putTerminations({ params: { id: randomUUID() }, body: order }, context);
  await ops.jobs.find(({ name }) => name === 'work_off_termination_orders')!.run(undefined, { signal: undefined });
}

/** Until a published checkpoint covers every stored version. */
async function covered(database: pg.Client): Promise<void> {
  for (;;) {
    const { rows } = await database.query<{ open: boolean }>(`
      select exists (select from ops.pending_leaves)
        or coalesce((select max(size) from ops.log_checkpoints), 0) < (select count(*) from ops.log_entries) as open`);
    if (!rows[0]!.open) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function treeSize(database: pg.Client): Promise<number> {
  const { rows } = await database.query<{ size: number }>('select max(size)::int as size from ops.log_checkpoints');
  return rows[0]!.size;
}

async function checkpointGaps(database: pg.Client): Promise<{ gap_p50_ms: number; gap_p99_ms: number }> {
  const { rows } = await database.query<{ p50: number; p99: number }>(`
    select percentile_cont(0.5) within group (order by gap) as p50, percentile_cont(0.99) within group (order by gap) as p99
    from (select extract(epoch from published_at - lag(published_at) over (order by size))::float8 * 1000 as gap
      from ops.log_checkpoints where size > ${loaded}) gaps`);
  return { gap_p50_ms: rows[0]!.p50, gap_p99_ms: rows[0]!.p99 };
}

function percentile(values: number[], share: number): number {
  return values.sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;
}
