import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { MpiDeps, MpiTransaction } from '../deps.ts';
import { generations_lock, type LiveGenerations } from '../indexes/generations.ts';
import type { Token } from '../indexes/tokens.ts';

/**
 * Runs a write under locks on all that decides who somebody is: the id, the identity keys, the telephones. Two writes
 * that share one of them follow each other, in whatever order they ask, for locks are taken in one order.
 * @param locksOf the locks under these generations of index keys.
 * @param work runs again from the start when the generations changed meanwhile.
 */
export async function withLocks<Result>(
  deps: MpiDeps,
  locksOf: (generations: LiveGenerations) => (Token | bigint)[],
  work: (transaction: MpiTransaction, generations: LiveGenerations) => Promise<Result>,
): Promise<Result> {
  let generations = deps.generations.current();
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const outcome = await deps.db.transaction().execute(async (transaction) => {
      await takeLocks(transaction, locksOf(generations));
      if (!(await deps.generations.areStill(transaction, generations))) return undefined;
      return { result: await work(transaction, generations) };
    });
    if (outcome) return outcome.result;
    generations = await deps.generations.refresh();
  }
  throw new Error('The generations of index keys keep changing.');
}

/** Takes further locks inside a write; two writes that wait for each other's are told apart by `retryOnConflict`. */
export async function takeLocks(transaction: MpiTransaction, locks: readonly (Token | bigint)[]): Promise<void> {
  const sorted = [...new Set(locks.map(BigInt))].sort((a, b) => (a < b ? -1 : 1)).map(String);
  await sql`
    select pg_advisory_xact_lock_shared(${generations_lock}::bigint),
      (select count(pg_advisory_xact_lock(key)) from unnest(${sorted}::bigint[]) as key)`.execute(transaction);
}

/** The lock of an id, whether or not anybody lives under it. */
export function idLock(id: string): bigint {
  return createHash('sha256').update(`mpi person ${id}`).digest().readBigInt64BE();
}
