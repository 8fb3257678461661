import { appendEvents } from '@zdravo/kit/events';
import { notFound } from '@zdravo/kit/problem';
import { sql } from 'kysely';
import type { Asker, MpiDeps, MpiTransaction } from '../deps.ts';
import { writeAudit } from '../persons/write-version.ts';
import type { Searcher } from './searcher.ts';

export type LockReason = 'wrong_answers' | 'sweep' | 'misses' | 'unused_results' | 'locked_actors';
export type CanaryReason = 'wrong_answer' | LockReason;

/**
 * Somebody took a decoy for the truth, or behaves as one who browses: officers hear of it.
 * @param path which questions led there, without what was asked or answered.
 */
export async function raiseCanary(
  transaction: MpiTransaction,
  searcher: Searcher,
  reason: CanaryReason,
  path: readonly string[] = [],
): Promise<void> {
  const { actor_id, client_id, purpose, request_id } = searcher;
  const payload = { reason, path, client_id, purpose, request_id };
  await appendEvents(transaction, 'mpi', [
    { type: 'search.canary', object_type: 'actor', object_id: actor_id, payload },
  ]);
  await writeAudit(transaction, searcher, 'search.canary', actor_id, { reason });
}

/** Locks an actor, and the whole organisation when several of its actors are locked; one who is locked stays so. */
export async function lockActor(
  deps: MpiDeps,
  transaction: MpiTransaction,
  searcher: Searcher,
  reason: Exclude<LockReason, 'locked_actors'>,
): Promise<void> {
  const { actor_id, client_id } = searcher;
  if (!(await lock(deps, transaction, { subject_id: actor_id, subject_type: 'actor', client_id }, reason))) return;
  await raiseCanary(transaction, searcher, reason);
  const { rows } = await sql<{ locked: number }>`
    select count(*)::int as locked from mpi.search_locks
    where subject_type = 'actor' and client_id = ${client_id} and locked_until > ${deps.clock.now().toISOString()}`.execute(
    transaction,
  );
  if (rows[0]!.locked < deps.search.settings.locked_actors) return;
  await lockOrganisation(deps, transaction, searcher, 'locked_actors');
}

/** Locks everybody of the searcher's organisation. */
export async function lockOrganisation(
  deps: MpiDeps,
  transaction: MpiTransaction,
  searcher: Searcher,
  reason: 'locked_actors' | 'unused_results',
): Promise<void> {
  const { client_id } = searcher;
  const organisation = { subject_id: client_id, subject_type: 'client', client_id } as const;
  if (await lock(deps, transaction, organisation, reason)) await raiseCanary(transaction, searcher, reason);
}

/**
 * Lets an actor or an organisation search again: an officer has looked into it. What led to the lock is forgotten, so that
 * the next search does not lock them anew.
 * @throws Problem 404 `search_lock_unknown` when the subject is not locked.
 */
export function liftLock(deps: MpiDeps, subject_id: string, asker: Asker): Promise<{ id: string }> {
  const now = deps.clock.now().toISOString();
  return deps.db.transaction().execute(async (transaction) => {
    const lifted = await transaction
      .deleteFrom('mpi.search_locks')
      .where('subject_id', '=', subject_id)
      .where('locked_until', '>', now)
      .executeTakeFirst();
    if (lifted.numDeletedRows === 0n) throw notFound('Nobody of this id is locked.', 'search_lock_unknown');
    await transaction.deleteFrom('mpi.search_budgets').where('subject_id', '=', subject_id).execute();
    await transaction.deleteFrom('mpi.search_sweeps').where('actor_id', '=', subject_id).execute();
    await writeAudit(transaction, asker, 'search.lock_lifted', subject_id, {});
    return { id: subject_id };
  });
}

/** A hundred years. */
const until_lifted_hours = 876_000;

type Subject = { subject_id: string; subject_type: 'actor' | 'client'; client_id: string };

/** Whether it was open before. Who is locked again soon after stays so until an officer lifts the lock. */
async function lock(
  { search, clock }: MpiDeps,
  transaction: MpiTransaction,
  { subject_id, subject_type, client_id }: Subject,
  reason: LockReason,
): Promise<boolean> {
  const { lock_hours, repeat_days } = search.settings;
  const now = clock.now();
  const after = (hours: number) => new Date(now.getTime() + hours * 3_600_000).toISOString();
  const { rows } = await sql`
    insert into mpi.search_locks as held (subject_id, subject_type, client_id, reason, locked_at, locked_until)
    values (${subject_id}, ${subject_type}, ${client_id}, ${reason}, ${now.toISOString()}, ${after(lock_hours)})
    on conflict (subject_id, subject_type) do update set
      client_id = excluded.client_id, reason = excluded.reason, locked_at = excluded.locked_at,
      locked_until = case when held.locked_until > ${after(-24 * repeat_days)} then ${after(until_lifted_hours)}::timestamptz
        else excluded.locked_until end
      where held.locked_until <= ${now.toISOString()}
    returning 1`.execute(transaction);
  return rows.length > 0;
}
