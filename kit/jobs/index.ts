import {
  type JobHelpers,
  makeWorkerUtils,
  parseCronItems,
  type Runner,
  run,
  Logger as WorkerLogger,
} from 'graphile-worker';
import pg from 'pg';
import type { Logger } from '../log/index.ts';
import type { FigureSource } from '../metrics/index.ts';
import { createRunCounts, jobFigures } from './figures.ts';

export { longest_run_ms, restAfter } from './rests.ts';

export type Job = {
  /** Name of the task, a verb phrase of the domain: `expire_declaration_requests`. */
  name: string;
  run: (payload: unknown, helpers: { signal: AbortSignal | undefined }) => Promise<void>;
  /** Crontab pattern in UTC, when the job is a timer. */
  schedule?: string;
};

export type Jobs = { figures: FigureSource; stop(): Promise<void> };

/** Installs or updates the queue's own schema and lets the roles use it; run as the migrator. */
export async function migrateJobs(url: string, ...roles: string[]): Promise<void> {
  const utils = await makeWorkerUtils({ connectionString: url });
  try {
    await utils.migrate();
  } finally {
    await utils.release();
  }
  for (const role of roles) await grantQueue(url, role);
}

async function grantQueue(url: string, role: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const name = client.escapeIdentifier(role);
    await client.query(`
      grant usage on schema graphile_worker to ${name};
      grant select, insert, update, delete on all tables in schema graphile_worker to ${name};
      grant usage, select on all sequences in schema graphile_worker to ${name};
      grant execute on all functions in schema graphile_worker to ${name};`);
    await client.query(rowPolicies(role));
  } finally {
    await client.end();
  }
}

/** The queue's tables are under row-level security; without a policy only their owner may write. */
function rowPolicies(role: string): string {
  const literal = `'${role.replaceAll("'", "''")}'`;
  return `
    do $$ declare name text; begin
      for name in select tablename from pg_tables where schemaname = 'graphile_worker' and rowsecurity loop
        execute format('drop policy if exists %I on graphile_worker.%I', ${literal}, name);
        execute format('create policy %I on graphile_worker.%I to %I using (true) with check (true)', ${literal}, name, ${literal});
      end loop;
    end $$`;
}

export type JobsOptions = {
  url: string;
  role: string;
  jobs: readonly Job[];
  log: Logger;
  concurrency?: number;
  /** What the figures call these workers; the role, where it has no others. */
  name?: string;
};

/** Runs a module's jobs and timers from its database's queue: retries with back-off, one worker per timer tick. */
export async function startJobs(options: JobsOptions): Promise<Jobs> {
  const { jobs, log, concurrency = 2 } = options;
  // A pool of its own: the queue expects node-postgres's own reading of timestamps.
  const pool = new pg.Pool({
    connectionString: options.url,
    max: Math.max(3, concurrency),
    application_name: 'jobs',
    options: `-c role=${options.role}`,
  });
  pool.on('error', (error) => log.warn({ err: error }, 'the queue lost an idle connection'));
  pool.on('connect', (client) =>
    client.on('error', (error) => log.warn({ err: error }, 'the queue lost a connection')),
  );
  const tasks = jobs.map(({ name }) => name);
  const counts = createRunCounts(tasks);
  const task_list = Object.fromEntries(
    jobs.map((job) => [
      job.name,
      counts.counted(job.name, (payload: unknown, helpers: JobHelpers) =>
        job.run(payload, { signal: helpers.abortSignal }),
      ),
    ]),
  );
  const timers = jobs.filter((job) => job.schedule !== undefined);
  const runner: Runner = await run({
    pgPool: pool,
    concurrency,
    noHandleSignals: true,
    pollInterval: 2_000,
    taskList: task_list,
    parsedCronItems: parseCronItems(
      timers.map((job) => ({ task: job.name, match: job.schedule!, options: { backfillPeriod: 0 } })),
    ),
    logger: quietLogger(log),
  });
  return {
    figures: jobFigures({ name: options.name ?? options.role, tasks, counts }, pool),
    stop: async () => {
      await runner.stop();
      await pool.end();
    },
  };
}

/** graphile-worker's lines at our levels, without its payloads. */
function quietLogger(log: Logger): WorkerLogger {
  return new WorkerLogger(() => (level, message) => {
    if (level === 'error') log.error(message);
    else if (level === 'warning') log.warn(message);
    else log.debug(message);
  });
}
