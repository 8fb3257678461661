import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@zdravo/kit/clock';
import { createLogger } from '@zdravo/kit/log';
import { startPostgres } from '@zdravo/kit/testing';
import { createReports } from '@zdravo/reports';
import { runCapitation } from '@zdravo/reports/capitation';
import { generateSignerKey, parseSigner, SIGNATURE_TYPES } from '@zdravo/tlog';
import pg from 'pg';
import { perCall, processorTime } from './processor-time.ts';
import { filledReplica } from './replica-data.ts';

const month = '2026-11-01';

/**
 * A whole month's run (gathering, decisions, lines, files in three formats, manifest, log entry) over 1, 3 and 10 million
 * declarations of the generated country, some 1,500 legal entities with their status history, loaded by COPY, against one
 * hand-written SQL statement with the same as-of join and the rules as CASE, before and after, the better counts. Another size:
 * `--declarations=N`. Memory is that of this process and of every process of the PostgreSQL server, shared pages counted once.
 */
export async function run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }> {
  const given = process.argv.find((argument) => argument.startsWith('--declarations='))?.split('=')[1];
  const sizes = given ? [Number(given)] : [1_000_000, 3_000_000, 10_000_000];
  const directory = await mkdtemp(join(tmpdir(), 'zdravo-bench-capitation-'));
  const settings = [
    'fsync=off',
    'shared_buffers=128MB',
    'max_wal_size=8GB',
    'synchronous_commit=off',
    'autovacuum=off',
    'maintenance_work_mem=128MB',
  ];
  const postgres = await startPostgres({ directory: join(directory, 'postgres'), settings });
  try {
    const results: Measured[] = [];
    for (const size of sizes) results.push(await measure(postgres.url, size));
    const last = results.at(-1)!;
    const seconds_of = Object.fromEntries(results.map((one) => [`seconds_${one.size / 1_000_000}m`, one.seconds]));
    return {
      figures: {
        declarations: last.size,
        seconds: last.seconds,
        bare_sql_seconds: last.bare,
        processor_seconds: last.processor_s,
        rss_mb: Math.max(...results.map((one) => one.rss_mb)),
        node_rss_mb: Math.max(...results.map((one) => one.node_mb)),
        ...seconds_of,
      },
      ratios: {
        of_bare_sql: last.bare / last.seconds,
        // What a machine shared with others distorts less.
        of_bare_sql_processor: last.bare_processor_s / last.processor_s,
        seconds_per_million_last_to_first: last.seconds / last.size / (results[0]!.seconds / results[0]!.size),
      },
    };
  } finally {
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

type Measured = Record<'size' | 'seconds' | 'bare' | 'processor_s' | 'bare_processor_s' | 'rss_mb' | 'node_mb', number>;

async function measure(server_url: string, size: number): Promise<Measured> {
  const log = createLogger({ name: 'bench', level: 'error' });
  const url = await filledReplica(server_url, size, log);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const reports = await createReports({
    database_url: url,
    clock: systemClock('Europe/Kyiv'),
    log,
    files: { put: async () => undefined, url: (name) => name },
    signer: parseSigner(generateSignerKey({ name: 'bench/capitation', type: SIGNATURE_TYPES.ed25519 })),
    code_version: 'bench',
    callers: {},
  });
  const server_pid = await serverPid(client);
  const bare_before = await timed(server_pid, () => bareSql(client));
  const memory = watchMemory(server_pid);
  const run = await timed(server_pid, () => runCapitation(reports.deps, month));
  const { rss_mb, node_mb } = await memory.stop();
  const bare_after = await timed(server_pid, () => bareSql(client));
  await requireSame(client, bare_after.result);
  await client.end();
  await reports.close();
  return {
    size,
    seconds: run.seconds,
    bare: Math.min(bare_before.seconds, bare_after.seconds),
    processor_s: run.processor_s,
    bare_processor_s: Math.min(bare_before.processor_s, bare_after.processor_s),
    rss_mb,
    node_mb,
  };
}

async function timed<Result>(server_pid: number, work: () => Promise<Result>) {
  const [started, before] = [performance.now(), processorTime(server_pid)];
  const result = await work();
  const { platform, postgres } = perCall(before, processorTime(server_pid), 1);
  return { result, seconds: (performance.now() - started) / 1_000, processor_s: (platform + postgres) / 1_000 };
}

type Total = {
  legal_entity_id: string;
  mountain_group: boolean;
  age_group: string;
  declaration_count: number;
  amount_minor: number;
};

async function bareSql(client: pg.Client): Promise<Total[]> {
  await client.query(`set work_mem = '32MB'`);
  const { rows } = await client.query<Total>(`
    select legal_entity_id, mountain_group, age_group, count(*)::int as declaration_count,
      round(count(*) * 37000 * case age_group when '0-5' then 4 when '6-17' then 2.2 when '18-39' then 1 when '40-64' then 1.2 else 2 end
        * case when mountain_group then 1.25 else 1 end / 12)::int as amount_minor
    from (
      select h.legal_entity_id, d.mountain_group, case when age < 6 then '0-5' when age < 18 then '6-17' when age < 40 then '18-39'
        when age < 65 then '40-64' else '65+' end as age_group
      from ops.declaration_status_history a
      join ops.declaration_heads h on h.id = a.declaration_id
      join prm.legal_entities e on e.id = h.legal_entity_id
      join prm.divisions d on d.id = h.division_id
      join mpi.person_facts f on f.pseudonym = h.pseudonym and (f.deceased_on is null or f.deceased_on >= '${month}')
      cross join lateral (select (2026 * 12 + 11 - (extract(year from f.birth_month)::int * 12 + extract(month from f.birth_month)::int)) / 12 as age) aged
      where a.status = 'active' and a.changed_at < timestamp '${month}' at time zone 'Europe/Kyiv'
        and not exists (select from ops.declaration_status_history l where l.declaration_id = a.declaration_id
          and l.version = a.version + 1 and l.version > 1 and l.changed_at < timestamp '${month}' at time zone 'Europe/Kyiv')
    ) counted group by 1, 2, 3`);
  return rows;
}

/** A fast wrong answer is no answer: both must agree on every line. */
async function requireSame(client: pg.Client, bare: Total[]): Promise<void> {
  const { rows } = await client.query<Total>(
    `select legal_entity_id, mountain_group, age_group, declaration_count, amount_minor::int from reports.capitation_lines where kind = 'regular'`,
  );
  const text = (list: Total[]) =>
    list
      .map((row) => Object.values(row).join('|'))
      .sort()
      .join('\n');
  if (text(rows) !== text(bare))
    throw new Error(`the run has ${rows.length} lines, the SQL statement ${bare.length}, or they differ`);
}

async function serverPid(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  const status = await readFile(`/proc/${rows[0]!.pid}/status`, 'utf8');
  return Number(/^PPid:\s+(\d+)/m.exec(status)![1]);
}

function watchMemory(server_pid: number) {
  let rss_mb = 0;
  let node_mb = 0;
  let is_over = false;
  const watching = (async () => {
    while (!is_over) {
      const node = process.memoryUsage().rss / 1_048_576;
      node_mb = Math.max(node_mb, node);
      rss_mb = Math.max(rss_mb, node + (await serverMegabytes(server_pid)));
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  })();
  return {
    stop: async () => {
      is_over = true;
      await watching;
      return { rss_mb, node_mb };
    },
  };
}

/** Proportional set size of the server and its children: pages that they share count once. */
async function serverMegabytes(server_pid: number): Promise<number> {
  const children = await readFile(`/proc/${server_pid}/task/${server_pid}/children`, 'utf8').catch(() => '');
  const pids = [String(server_pid), ...children.trim().split(' ')].filter(Boolean);
  const sizes = await Promise.all(
    pids.map(async (pid) => {
      const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
      return Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0) / 1_024;
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
