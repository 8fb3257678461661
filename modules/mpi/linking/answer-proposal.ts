import { notFound, Problem } from '@zdravo/kit/problem';
import { sql } from 'kysely';
import type { Asker, MpiDeps } from '../deps.ts';
import { mergePersons } from './merge-persons.ts';
import { askForReview } from './review-items.ts';

export type MergeAnswer = { answer: 'clear' | 'conflict' };
export type ProposalState = { id: string; state: 'proposed' | 'merged' | 'refused'; refusal: string | null };

type Proposal = ProposalState & {
  parent_id: string;
  merged_id: string;
  reason: 'automatic' | 'reviewed';
  probability: number | null;
  evidence: unknown;
};

/**
 * The platform says whether something stands against a proposed merge, such as two living declarations. Clear: the
 * persons are merged, the record that was there first being the parent. Conflict: people decide. Safe to repeat.
 * @throws Problem 404
 */
export async function answerProposal(
  deps: MpiDeps,
  id: string,
  { answer }: MergeAnswer,
  asker: Asker,
): Promise<ProposalState> {
  const proposal = await findProposal(deps, id);
  if (proposal.state !== 'proposed') return { id, state: proposal.state, refusal: proposal.refusal };
  if (answer === 'conflict') return refuse(deps, proposal, 'conflict');
  const [parent_id, merged_id] = await olderFirst(deps, proposal);
  try {
    const evidence = { probability: proposal.probability, ...(proposal.evidence as object) };
    const order = { id, parent_id, merged_id, reason: proposal.reason, evidence };
    await mergePersons(deps, { ...order, despite_parting: proposal.reason === 'reviewed' }, asker);
  } catch (error) {
    if (!(error instanceof Problem) || ![404, 409, 410].includes(error.status)) throw error;
    return refuse(deps, proposal, error.code);
  }
  await deps.db
    .updateTable('mpi.link_proposals')
    .set({ state: 'merged', answered_at: sql`now()` })
    .where('id', '=', id)
    .execute();
  return { id, state: 'merged', refusal: null };
}

async function findProposal({ db }: MpiDeps, id: string): Promise<Proposal> {
  const row = await db.selectFrom('mpi.link_proposals').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw notFound();
  return row as unknown as Proposal;
}

/** By their roots of today: of the two persons the one known longer keeps the id. */
async function olderFirst({ db }: MpiDeps, { parent_id, merged_id }: Proposal): Promise<[string, string]> {
  const { rows } = await sql<{ id: string }>`
    select root.id from mpi.persons asked join mpi.persons root on root.id = coalesce(asked.parent_id, asked.id)
    where asked.id in (${parent_id}, ${merged_id}) group by root.id, root.created_at order by root.created_at, root.id`.execute(
    db,
  );
  return [rows[0]?.id ?? parent_id, rows[1]?.id ?? rows[0]?.id ?? merged_id];
}

async function refuse({ db }: MpiDeps, proposal: Proposal, refusal: string): Promise<ProposalState> {
  const { id, parent_id, merged_id, probability, evidence } = proposal;
  await db.transaction().execute(async (transaction) => {
    await transaction
      .updateTable('mpi.link_proposals')
      .set({ state: 'refused', refusal, answered_at: sql`now()` })
      .where('id', '=', id)
      .where('state', '=', 'proposed')
      .execute();
    const why = { ...(probability === null ? {} : { probability }), evidence };
    if (refusal === 'conflict') await askForReview(transaction, 'merge_conflict', [[parent_id, merged_id]], why);
  });
  return { id, state: 'refused', refusal };
}
