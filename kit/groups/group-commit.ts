import { createTurns, default_turns, type TurnOptions } from './turns.ts';

export type GroupCommit<Job, Result> = {
  /** Resolves when the job's group is durable. */
  run(job: Job): Promise<Result>;
};

type Waiting<Job, Result> = { job: Job; resolve: (result: Result) => void; reject: (error: unknown) => void };

/**
 * Group commit: while a group is written, the jobs that arrive gather and go out together with the next. A lone job
 * waits for nobody. Jobs that share a key never meet in one group: they would wait for each other. When a group fails, its
 * jobs are run one by one, so that nobody fails for a neighbour.
 */
export function createGroupCommit<Job, Result>(options: {
  write: (jobs: readonly Job[]) => Promise<Result[]>;
  keysOf: (job: Job) => readonly string[];
  largest_group?: number;
  turns?: Partial<TurnOptions>;
}): GroupCommit<Job, Result> {
  const { write, keysOf, largest_group = 128 } = options;
  let waiting: Waiting<Job, Result>[] = [];
  const turns = createTurns(
    { waiting: () => waiting.length, setOut: () => writeGroup(takeGroup()) },
    { ...default_turns, ...options.turns },
  );

  function takeGroup(): Waiting<Job, Result>[] {
    const taken = new Set<string>();
    const group: Waiting<Job, Result>[] = [];
    const rest: Waiting<Job, Result>[] = [];
    for (const one of waiting) {
      const keys = keysOf(one.job);
      const fits = group.length < largest_group && !keys.some((key) => taken.has(key));
      (fits ? group : rest).push(one);
      if (fits) for (const key of keys) taken.add(key);
    }
    waiting = rest;
    return group;
  }

  async function writeGroup(group: Waiting<Job, Result>[]): Promise<void> {
    try {
      const results = await write(group.map(({ job }) => job));
      for (const [at, { resolve }] of group.entries()) resolve(results[at]!);
    } catch (error) {
      if (group.length === 1) group[0]!.reject(error);
      else for (const one of group) await writeGroup([one]);
    }
  }

  return {
    run: (job) =>
      new Promise((resolve, reject) => {
        waiting.push({ job, resolve, reject });
        turns.came();
      }),
  };
}
