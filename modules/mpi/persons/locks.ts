import { createHash } from 'node:crypto';
import { type FewRoundTrips, inFewRoundTrips } from '@zdravo/kit/db';
import { type CompiledQuery, sql } from 'kysely';
import type { MpiDeps, MpiTransaction } from '../deps.ts';
import { describeGenerations, generations_lock, type LiveGenerations } from '../indexes/generations.ts';
import type { Token } from '../indexes/tokens.ts';
import type { Tables } from '../tables.ts';

export type Lock = Token | bigint;

/** The locks that a write holds until its end. */
export type HeldLocks = {
  /** Asserts that these are held; if not, the write starts again with all that it then knows to need. */
  require(locks: readonly Lock[]): void;
  /** Asserts that the generations of index keys are those that the write was begun with, as its transaction sees them. */
  confirm(generations: string): void;
};

type Work<Result> = (transaction: MpiTransaction, generations: LiveGenerations, held: HeldLocks) => Promise<Result>;

/** A write that knows beforehand what it looks at: that travels with its locks, and is read once they are held. */
export type WorkInFewTrips<Result> = {
  /** What has to be locked, as far as it can be known beforehand. */
  locksOf(generations: LiveGenerations): Promise<Lock[]> | Lock[];
  look(generations: LiveGenerations): readonly CompiledQuery[];
  /** @param rows of what was looked at. */
  write(rows: unknown[][], under: UnderLocks): Promise<Result>;
};
export type UnderLocks = { trips: FewRoundTrips<Tables>; generations: LiveGenerations; held: HeldLocks };

const most_attempts = 20;

/**
 * Runs a write under locks on all that decides who somebody is: the id, the identity keys, the telephones. Two writes
 * that share one of them follow each other; all are taken at once and in one order, so that none waits in a circle.
 * @param locksOf what has to be locked, as far as it can be known beforehand.
 * @param work confirms the generations first; it runs again from the start when the generations of index keys or the locks needed changed meanwhile.
 */
export function withLocks<Result>(
  deps: MpiDeps,
  locksOf: (generations: LiveGenerations) => Promise<Lock[]>,
  work: Work<Result>,
): Promise<Result> {
  return withLocksInFewTrips(deps, {
    locksOf,
    look: () => [],
    write: async (_rows, { trips, generations, held }) => work(await trips.oneByOne(), generations, held),
  });
}

/** The same in fewer round trips. */
export async function withLocksInFewTrips<Result>(deps: MpiDeps, work: WorkInFewTrips<Result>): Promise<Result> {
  let generations = deps.generations.current();
  const learnt: bigint[] = [];
  for (let attempt = 0; attempt < most_attempts; attempt += 1) {
    const locks = new Set([...(await work.locksOf(generations)).map(BigInt), ...learnt]);
    const outcome = await attemptWork(deps, generations, locks, work);
    if ('result' in outcome) return outcome.result;
    learnt.push(...outcome.missing);
    generations = await deps.generations.refresh();
  }
  throw new Error('What a write has to lock keeps changing.');
}

class LocksChangedError extends Error {
  readonly missing: bigint[];
  constructor(missing: bigint[]) {
    super('A write needs further locks.');
    this.missing = missing;
  }
}

async function attemptWork<Result>(
  deps: MpiDeps,
  generations: LiveGenerations,
  locks: ReadonlySet<bigint>,
  { look, write }: WorkInFewTrips<Result>,
): Promise<{ result: Result } | { missing: bigint[] }> {
  const held: HeldLocks = {
    require: (needed) => {
      const missing = needed.map(BigInt).filter((lock) => !locks.has(lock));
      if (missing.length > 0) throw new LocksChangedError(missing);
    },
    confirm: (found) => {
      if (found !== describeGenerations(generations)) throw new LocksChangedError([]);
    },
  };
  try {
    return await inFewRoundTrips<Tables, { result: Result }>(deps.pool, async (trips) => {
      const [, ...rows] = await trips.send([locking(locks).compile(deps.db), ...look(generations)]);
      return { result: await write(rows, { trips, generations, held }) };
    });
  } catch (error) {
    if (error instanceof LocksChangedError) return { missing: error.missing };
    throw error;
  }
}

function locking(locks: ReadonlySet<bigint>) {
  const sorted = [...locks].sort((a, b) => (a < b ? -1 : 1)).map(String);
  return sql`
    select pg_advisory_xact_lock_shared(${generations_lock}::bigint),
      (select count(pg_advisory_xact_lock(key)) from unnest(${sorted}::bigint[]) as key)`;
}

/** The lock of an id, whether or not anybody lives under it. */
export function idLock(id: string): bigint {
  return createHash('sha256').update(`mpi person ${id}`).digest().readBigInt64BE();
}
