import { conflict } from '@zdravo/kit/problem';
import { type Kysely, sql } from 'kysely';
import type { Asker, MpiTransaction } from '../deps.ts';
import { proposeMerges } from '../linkage/propose.ts';
import type { Tables } from '../tables.ts';
import { getOpen } from './assignments.ts';

export type Voice = 'same' | 'different';
export type VoteAnswer = { id: string; status: 'new' | 'decided'; outcome: Voice | null };

const quorum = 2;

/**
 * One voice of one reviewer. Two equal ones decide: one person becomes a proposal to the platform, two persons are kept
 * in mind, so that no machine proposes them. Repeated, it answers what is; another voice of the same reviewer is refused.
 * @throws Problem 404; 409 `voted_otherwise`.
 */
export async function putVote(
  db: Kysely<Tables>,
  id: string,
  { vote, comment }: { vote: Voice; comment?: string },
  asker: Asker & { actor_id: string },
): Promise<VoteAnswer> {
  return db.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`mpi review ${id}`}, 0))`.execute(transaction);
    const voices = await voicesOn(transaction, id);
    const own = voices.find((voice) => voice.reviewer_id === asker.actor_id);
    if (own && own.vote !== vote) throw conflict('This reviewer has voted otherwise.', 'voted_otherwise');
    if (own) return stateOf(transaction, id);
    await getOpen(transaction, id, asker.actor_id);
    await transaction
      .insertInto('mpi.review_votes')
      .values({ item_id: id, reviewer_id: asker.actor_id, vote, comment: comment ?? null })
      .execute();
    await writeAudit(transaction, id, vote, asker);
    if (voices.filter((voice) => voice.vote === vote).length + 1 >= quorum) await decide(transaction, id, vote);
    return stateOf(transaction, id);
  });
}

async function decide(transaction: MpiTransaction, id: string, outcome: Voice): Promise<void> {
  const { rows } = await sql<{
    low_id: string;
    high_id: string;
    expected: Voice | null;
    probability: number | null;
    evidence: unknown;
  }>`
    update mpi.review_items set status = 'decided', outcome = ${outcome}, decided_at = now() where id = ${id}
    returning low_id, high_id, expected, probability, evidence`.execute(transaction);
  const [item] = rows;
  // What a seeded pair is was known before: it measures people and changes nobody.
  if (!item || item.expected !== null || outcome === 'different') return;
  const evidence = { review_item_id: id, ...((item.evidence as object | null) ?? {}) };
  const { low_id, high_id, probability } = item;
  await proposeMerges(transaction, [{ ids: [low_id, high_id], reason: 'reviewed', probability, evidence }]);
}

async function voicesOn(transaction: MpiTransaction, id: string) {
  return transaction.selectFrom('mpi.review_votes').select(['reviewer_id', 'vote']).where('item_id', '=', id).execute();
}

async function stateOf(transaction: MpiTransaction, id: string): Promise<VoteAnswer> {
  const item = await transaction
    .selectFrom('mpi.review_items')
    .select(['id', 'status', 'outcome'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  return item as VoteAnswer;
}

async function writeAudit(transaction: MpiTransaction, id: string, vote: Voice, asker: Asker): Promise<void> {
  const { request_id, actor_id, client_id } = asker;
  const row = { request_id, actor_id, client_id, action: 'review.voted', resource: 'review_item', resource_id: id };
  await transaction
    .insertInto('mpi.audit_log')
    .values({ ...row, detail: JSON.stringify({ vote }) })
    .execute();
}
