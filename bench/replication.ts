import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@zdravo/kit/log';
import { startPostgres } from '@zdravo/kit/testing';
import { migrations as opsMigrations } from '@zdravo/ops';
import { keepSubscriptions, migrations, publications } from '@zdravo/reports';
import pg from 'pg';
import { newDatabase } from './replica-data.ts';

const rate = 150;
const seconds = 30;

/**
 * How long after its commit a declaration (version, head, history in one transaction, durable) can be read in the replica, at 150 a
 * second from 8 connections. The replica is watched every 20 ms, which is in the figures.
 */
export async function run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }> {
  const directory = await mkdtemp(join(tmpdir(), 'zdravo-bench-replication-'));
  const postgres = await startPostgres({ directory: join(directory, 'postgres') });
  try {
    const ops_url = await newDatabase(postgres.url, 'ops', [opsMigrations]);
    const reports_url = await newDatabase(postgres.url, 'reports', [migrations]);
    const sources = [{ name: 'ops' as const, url: ops_url, publications: publications.ops }];
    const log = createLogger({ name: 'bench', level: 'error' });
    await keepSubscriptions({ reports_url, sources, feed_password: 'bench', log });
    const lags = await measure(ops_url, reports_url);
    const at = (share: number) => lags[Math.min(lags.length - 1, Math.floor(lags.length * share))]!;
    return {
      figures: { rate: lags.length / seconds, lag_p50_ms: at(0.5), lag_p99_ms: at(0.99), lag_max_ms: lags.at(-1)! },
      ratios: {},
    };
  } finally {
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function measure(ops_url: string, reports_url: string): Promise<number[]> {
  const pool = new pg.Pool({ connectionString: ops_url, max: 8 });
  const replica = new pg.Client({ connectionString: reports_url });
  await replica.connect();
  const committed: number[] = [];
  const lags: number[] = [];
  let is_over = false;
  const watching = (async () => {
    while (!is_over || lags.length < committed.filter(Boolean).length) {
      const { rows } = await replica.query<{ n: number }>('select count(*)::int as n from ops.declaration_heads');
      const now = performance.now();
      while (lags.length < rows[0]!.n && committed[lags.length] !== undefined) lags.push(now - committed[lags.length]!);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  const started = performance.now();
  const writes: Promise<void>[] = [];
  for (let i = 0; i < rate * seconds; i++) {
    const wait = started + (i * 1_000) / rate - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    writes.push(write(pool).then(() => void committed.push(performance.now())));
  }
  await Promise.all(writes);
  is_over = true;
  await watching;
  await replica.end();
  await pool.end();
  return lags.map((lag) => Math.max(0, lag)).sort((a, b) => a - b);
}

async function write(pool: pg.Pool): Promise<void> {
  await pool.query(`
    with fresh as (select gen_random_uuid() as id), version as (
      insert into ops.declaration_versions (declaration_id, version, op, status, body, sealed_seed, leaf_hash)
      select id, 1, 'create', 'active', convert_to(repeat('x', 4000), 'UTF8'), 'seed', decode(repeat('00', 32), 'hex') from fresh
    ), history as (
      insert into ops.declaration_status_history (declaration_id, version, status) select id, 1, 'active' from fresh
    )
    insert into ops.declaration_heads (id, version, status, person_id, pseudonym, legal_entity_id, division_id, employee_id,
      declaration_request_id, signed_content_sha256, start_date, end_date)
    select id, 1, 'active', gen_random_uuid(), gen_random_uuid(), id, id, id, gen_random_uuid(), 'x', current_date, current_date from fresh`);
}
