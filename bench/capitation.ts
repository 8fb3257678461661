import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrations as ilMigrations } from '@zdravo/il';
import { systemClock } from '@zdravo/kit/clock';
import { connectionUrl, migrate } from '@zdravo/kit/db';
import { createLogger } from '@zdravo/kit/log';
import { startPostgres } from '@zdravo/kit/testing';
import { migrations as mpiMigrations } from '@zdravo/mpi';
import { migrations as opsMigrations } from '@zdravo/ops';
import { migrations as prmMigrations } from '@zdravo/prm';
import { createReports, keepSubscriptions, migrations, publications, type Reports, type Source } from '@zdravo/reports';
import { runCapitation } from '@zdravo/reports/capitation';
import { generateSignerKey, parseSigner, SIGNATURE_TYPES } from '@zdravo/tlog';
import pg from 'pg';

const legal_entities = 1_500;
const month = '2026-11-01';

/**
 * A whole month's run (gathering, decisions, lines, files in three formats, manifest, log entry) over 1, 3 and 10 million
 * generated declarations of 1,500 legal entities with their status history, against one hand-written SQL statement with the
 * same as-of join and the rules as CASE. Another size: `--declarations=N`. Memory is that of this process and of every
 * process of the PostgreSQL server, shared pages counted once.
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
        rss_mb: Math.max(...results.map((one) => one.rss_mb)),
        node_rss_mb: Math.max(...results.map((one) => one.node_mb)),
        ...seconds_of,
      },
      ratios: {
        of_bare_sql: last.bare / last.seconds,
        seconds_per_million_last_to_first: last.seconds / last.size / (results[0]!.seconds / results[0]!.size),
      },
    };
  } finally {
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

type Measured = { size: number; seconds: number; bare: number; rss_mb: number; node_mb: number };

async function measure(server_url: string, size: number): Promise<Measured> {
  const url = await database(server_url, `reports_${size}`, [migrations]);
  const log = createLogger({ name: 'bench', level: 'error' });
  await keepSubscriptions({
    reports_url: url,
    sources: await sources(server_url, size),
    feed_password: 'bench',
    prefix: `bench_${size}`,
    log,
  });
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await load(client, size);
  const reports = await createReports({
    database_url: url,
    clock: systemClock('Europe/Kyiv'),
    log,
    files: { put: async () => undefined, url: (name) => name },
    signer: parseSigner(generateSignerKey({ name: 'bench/capitation', type: SIGNATURE_TYPES.ed25519 })),
    code_version: 'bench',
    callers: {},
  });
  await ready(client);
  const bare_before = await bareSql(client);
  const memory = watchMemory(await serverPid(client));
  const started = performance.now();
  await runCapitation(reports.deps, month);
  const seconds = (performance.now() - started) / 1_000;
  const { rss_mb, node_mb } = await memory.stop();
  const bare_after = await bareSql(client);
  await requireSame(client, reports, bare_after.rows);
  await client.end();
  await reports.close();
  return { size, seconds, bare: Math.min(bare_before.seconds, bare_after.seconds), rss_mb, node_mb };
}

async function database(server_url: string, name: string, all: Parameters<typeof migrate>[1]): Promise<string> {
  const client = new pg.Client({ connectionString: server_url });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  const url = connectionUrl(server_url, { database: name });
  await migrate(url, all);
  return url;
}

/** Empty sources, so that the replica is followed as in production; the declarations are loaded into the replica. */
async function sources(server_url: string, size: number): Promise<Source[]> {
  const of = { mpi: [mpiMigrations], ops: [opsMigrations], platform: [prmMigrations, ilMigrations] };
  const made: Source[] = [];
  for (const [name, all] of Object.entries(of)) {
    const url = await database(server_url, `${name}_${size}`, all);
    made.push({ name: name as Source['name'], url, publications: publications[name as Source['name']] });
  }
  return made;
}

async function ready(client: pg.Client): Promise<void> {
  for (;;) {
    const { rows } = await client.query(`select bool_and(srsubstate = 'r') as ready from pg_subscription_rel`);
    if (rows[0].ready) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Half of the declarations ended once, before or after the month; ids are random, as theirs are. */
async function load(client: pg.Client, size: number): Promise<void> {
  const rebuild = await dropIndexes(client);
  const uuid = (prefix: string, expression: string) => `md5('${prefix}' || (${expression}))::uuid`;
  await client.query(`
    set maintenance_work_mem = '512MB';
    set session_replication_role = replica;
    insert into prm.legal_entities (id, name, type, edrpou, status, is_active, nhs_verified, inserted_at, updated_at, addresses)
    select ${uuid('e', 'i')}, 'Клініка ' || i, 'MSP', (10000000 + i)::text, 'ACTIVE', true, true, now(), now(),
      jsonb_build_array(jsonb_build_object('type', 'REGISTRATION', 'area', 'ОБЛАСТЬ ' || i % 25)) from generate_series(0, ${legal_entities - 1}) i;
    insert into prm.divisions (id, legal_entity_id, name, type, status, is_active, mountain_group, addresses, phones, email)
    select ${uuid('d', `i || '-' || m`)}, ${uuid('e', 'i')}, 'Амбулаторія', 'CLINIC', 'ACTIVE', true, m = 1 and i % 10 = 0, '[]', '[]', 'a@example.com'
    from generate_series(0, ${legal_entities - 1}) i, generate_series(0, 2) m;
    insert into mpi.person_facts select ${uuid('p', 'i')},
      (date '2026-10-01' - make_interval(months => (random() * random() * 1100)::int))::date, 'FEMALE', case when i % 1000 = 0 then date '2026-09-15' end, 1
    from generate_series(1, ${size}) i;
    insert into ops.declaration_heads select ${uuid('h', 'i')}, case when i % 2 = 0 then 2 else 1 end,
      (case when i % 2 = 0 then 'terminated' else 'active' end)::ops.declaration_status, ${uuid('p', 'i')}, ${uuid('e', `i % ${legal_entities}`)},
      ${uuid('d', `i % ${legal_entities} || '-' || i % 3`)}, ${uuid('w', 'i % 30000')}, '2018-01-01', '2040-01-01', '2020-01-01', '2026-01-01'
    from generate_series(1, ${size}) i;
    insert into ops.declaration_status_history select ${uuid('h', 'i')}, 1, 'active', '2020-01-01' from generate_series(1, ${size}) i;
    insert into ops.declaration_status_history select ${uuid('h', 'i')}, 2, 'terminated',
      timestamptz '2026-11-01' + make_interval(days => (i / 2 % 200)::int - 20) from generate_series(2, ${size}, 2) i;
    reset session_replication_role`);
  for (const statement of rebuild) await client.query(statement);
  for (const table of [
    'mpi.person_facts',
    'ops.declaration_heads',
    'ops.declaration_status_history',
    'prm.divisions',
    'prm.legal_entities',
  ])
    await client.query(`vacuum analyze ${table}`);
}

/** Random keys are loaded far faster into bare tables. @returns the statements that make the indexes again. */
async function dropIndexes(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ drop: string; make: string }>(`
    select format('alter table %s drop constraint %I', conrelid::regclass, conname) as drop,
      format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) as make
    from pg_constraint where contype = 'p' and connamespace in ('mpi'::regnamespace, 'ops'::regnamespace)
    union all
    select format('drop index %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid)
    from pg_index i join pg_class c on c.oid = i.indrelid
    where c.relnamespace in ('mpi'::regnamespace, 'ops'::regnamespace) and not i.indisprimary`);
  for (const { drop } of rows) await client.query(drop);
  return rows.map(({ make }) => make);
}

type Total = {
  legal_entity_id: string;
  mountain_group: boolean;
  age_group: string;
  declaration_count: number;
  amount_minor: number;
};

async function bareSql(client: pg.Client): Promise<{ seconds: number; rows: Total[] }> {
  await client.query(`set work_mem = '32MB'`);
  const started = performance.now();
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
  return { seconds: (performance.now() - started) / 1_000, rows };
}

/** A fast wrong answer is no answer: both must agree on every line. */
async function requireSame(client: pg.Client, _reports: Reports, bare: Total[]): Promise<void> {
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
