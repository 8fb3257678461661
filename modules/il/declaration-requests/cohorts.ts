import { setTimeout as pause } from 'node:timers/promises';
import { createTurns, default_turns } from '@zdravo/kit/groups';

/** Signatures that set out together, and stay together: each step is one round trip and one commit for all of them. */
export type Cohort = {
  /** Resolves when all of it are here or have ended; whoever takes long is not waited for. */
  gather(): Promise<void>;
};

export type Departures = {
  /** Works for somebody once a cohort sets out. */
  together<Result>(work: (cohort: Cohort) => Promise<Result>): Promise<Result>;
};

/** Between one cohort and the next: who comes one by one goes together. Who comes alone does not wait. */
const headway_ms = 32;
/** Cohorts on their way at once, at most. */
const parallel = 3;
/** After so long a cohort is no longer waited for: somebody in it waits for a stranger's answer. */
const patience_ms = 400;
/** So long after somebody got ready nobody waits for the next: containers are verified one after the other. */
const gathering_ms = 15;

export function createDepartures(): Departures {
  let waiting: ((cohort: Member) => void)[] = [];
  const turns = createTurns(
    {
      waiting: () => waiting.length,
      setOut: () => {
        const cohort = createCohort(waiting.length);
        for (const go of waiting) go(cohort.member());
        waiting = [];
        return Promise.race([cohort.ended, pause(patience_ms, undefined, { ref: false })]);
      },
    },
    { ...default_turns, parallel, crowd: Number.POSITIVE_INFINITY, patience_ms: 0, headway_ms },
  );
  return {
    together: async (work) => {
      const member = await new Promise<Member>((resolve) => {
        waiting.push(resolve);
        turns.came();
      });
      try {
        return await work(member);
      } finally {
        member.end();
      }
    },
  };
}

type Member = Cohort & { end(): void };

function createCohort(size: number): { member(): Member; ended: Promise<void> } {
  const { promise: ended, resolve: endAll } = Promise.withResolvers<void>();
  let [to_come, to_end] = [size, size];
  let gathered: (() => void)[] = [];
  let timer: NodeJS.Timeout | undefined;
  const release = () => {
    for (const go of gathered) go();
    gathered = [];
  };
  const come = () => {
    to_come -= 1;
    clearTimeout(timer);
    if (to_come === 0) release();
    else timer = setTimeout(release, gathering_ms);
  };
  const member = (): Member => {
    let has_come = false;
    const comeOnce = () => {
      if (!has_come) come();
      has_come = true;
    };
    return {
      gather: () =>
        new Promise((resolve) => {
          gathered.push(resolve);
          comeOnce();
        }),
      end: () => {
        comeOnce();
        to_end -= 1;
        if (to_end === 0) endAll();
      },
    };
  };
  return { member, ended };
}
