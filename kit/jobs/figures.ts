import type pg from 'pg';
import { counter, type FigureSource, gauge, type Sample } from '../metrics/index.ts';

export type RunCounts = {
  /** The task, noting how often and how long it runs, and how it ends. */
  counted<Args extends unknown[]>(
    task: string,
    run: (...args: Args) => Promise<void>,
  ): (...args: Args) => Promise<void>;
  /** By task, in the order of the given names. */
  of(task: string): { done: number; failed: number; seconds: number };
};

/** What became of a process's own runs since it began. */
export function createRunCounts(tasks: readonly string[]): RunCounts {
  const counts = new Map(tasks.map((task) => [task, { done: 0, failed: 0, seconds: 0 }]));
  const of = (task: string) => counts.get(task)!;
  return {
    of,
    counted:
      (task, run) =>
      async (...args) => {
        const began = performance.now();
        try {
          await run(...args);
          of(task).done += 1;
        } catch (error) {
          of(task).failed += 1;
          throw error;
        } finally {
          of(task).seconds += (performance.now() - began) / 1_000;
        }
      },
  };
}

type Waiting = { task: string; waiting: number; oldest_s: number; failing: number; given_up: number };

/** How the tasks of some workers stand: its own runs, and what waits in the queue that the processes of a database share. */
export function jobFigures(
  { name, tasks, counts }: { name: string; tasks: readonly string[]; counts: RunCounts },
  pool: pg.Pool,
): FigureSource {
  return {
    name: `jobs of ${name}`,
    read: async () => {
      const waiting = await readQueue(pool, tasks);
      const samples = (read: (one: Waiting) => number): Sample[] =>
        tasks.map((task) => ({ labels: { task }, value: read(waiting.get(task) ?? none_of(task)) }));
      return [
        ...runFigures(tasks, counts),
        gauge(
          'jobs_waiting',
          'Jobs that are due and that nobody has taken up',
          samples((one) => one.waiting),
        ),
        gauge(
          'jobs_oldest_waiting_seconds',
          'How long the oldest of them has been due',
          samples((one) => one.oldest_s),
        ),
        gauge(
          'jobs_failing',
          'Jobs whose last attempt failed',
          samples((one) => one.failing),
        ),
        gauge(
          'jobs_given_up',
          'Jobs that failed so often that nobody tries again',
          samples((one) => one.given_up),
        ),
      ];
    },
  };
}

function runFigures(tasks: readonly string[], counts: RunCounts) {
  const runs = tasks.flatMap((task) =>
    (['done', 'failed'] as const).map((result) => ({ labels: { task, result }, value: counts.of(task)[result] })),
  );
  const seconds = tasks.map((task) => ({ labels: { task }, value: counts.of(task).seconds }));
  return [
    counter('job_runs_total', 'Runs of a task in this process, by how they ended', runs),
    counter('job_run_seconds_total', 'How long they took together', seconds),
  ];
}

const none_of = (task: string): Waiting => ({ task, waiting: 0, oldest_s: 0, failing: 0, given_up: 0 });

async function readQueue(pool: pg.Pool, tasks: readonly string[]): Promise<Map<string, Waiting>> {
  const is_due = 'run_at <= now() and locked_at is null and attempts < max_attempts';
  const { rows } = await pool.query<Waiting>(
    `select task_identifier as task, count(*) filter (where ${is_due})::int as waiting,
       coalesce(max(extract(epoch from now() - run_at)) filter (where ${is_due}), 0)::float8 as oldest_s,
       count(*) filter (where last_error is not null)::int as failing,
       count(*) filter (where attempts >= max_attempts and locked_at is null)::int as given_up
     from graphile_worker.jobs where task_identifier = any($1) group by 1`,
    [tasks],
  );
  return new Map(rows.map((row) => [row.task, row]));
}
