import { randomUUID } from 'node:crypto';
import { appendEvents } from '@zdravo/kit/events';
import { sql } from 'kysely';
import type { MpiTransaction } from '../deps.ts';
import { isNeverLink } from '../linking/link-events.ts';
import { askForReview } from '../linking/review-items.ts';
import type { Verdict } from './decide.ts';

/** Two living persons, by their roots, whom the model compared. */
export type Judged = { ids: [string, string]; verdict: Verdict; probability: number; evidence: unknown };

/**
 * Carries a verdict out: a proposal that the platform is asked about, or a question to people. Pairs whom people parted
 * for good are never proposed; what stands open already is not said twice.
 */
export async function propose(
  transaction: MpiTransaction,
  { ids, verdict, probability, evidence }: Judged,
): Promise<void> {
  if (verdict === 'nothing') return;
  if (await peopleSaidTwo(transaction, ids)) return;
  const parted = await isNeverLink(transaction, [ids[0]], [ids[1]]);
  if (verdict === 'review' || parted)
    return askForReview(transaction, 'possible_duplicate', [ids], { probability, evidence });
  await proposeMerge(transaction, { ids, reason: 'automatic', probability, evidence });
}

async function peopleSaidTwo(transaction: MpiTransaction, ids: [string, string]): Promise<boolean> {
  const [low_id, high_id] = [...ids].sort() as [string, string];
  const row = await transaction
    .selectFrom('mpi.review_items')
    .select('id')
    .where('low_id', '=', low_id)
    .where('high_id', '=', high_id)
    .where('outcome', '=', 'different')
    .executeTakeFirst();
  return row !== undefined;
}

export type MergeProposal = {
  ids: [string, string];
  reason: 'automatic' | 'reviewed';
  probability: number | null;
  evidence: unknown;
};

/** Stores the proposal, unless the platform refused a machine's before, with the event by which the platform hears of it. */
export async function proposeMerge(transaction: MpiTransaction, proposal: MergeProposal): Promise<void> {
  const [parent_id, merged_id] = proposal.ids;
  const id = randomUUID();
  const { rows } = await sql`
    insert into mpi.link_proposals (id, parent_id, merged_id, reason, probability, evidence)
    select ${id}::uuid, ${parent_id}::uuid, ${merged_id}::uuid, ${proposal.reason}, ${proposal.probability}::float8,
      ${JSON.stringify(proposal.evidence)}::jsonb
    where ${proposal.reason} = 'reviewed' or not exists (
      select from mpi.link_proposals
      where state = 'refused' and parent_id in (${parent_id}, ${merged_id}) and merged_id in (${parent_id}, ${merged_id}))
    on conflict do nothing returning id`.execute(transaction);
  if (rows.length === 0) return;
  const payload = { parent_id, merged_id, reason: proposal.reason };
  await appendEvents(transaction, 'mpi', [
    { type: 'person.merge_proposed', object_type: 'merge_proposal', object_id: id, payload },
  ]);
}
