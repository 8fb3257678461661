import { randomUUID } from 'node:crypto';
import { appendEvents } from '@zdravo/kit/events';
import { sql } from 'kysely';
import type { MpiTransaction } from '../deps.ts';
import type { Verdict } from './decide.ts';

/** Two living persons, by their roots, whom the model compared. */
export type Judged = { ids: [string, string]; verdict: Verdict; probability: number; evidence: unknown };

/**
 * Carries verdicts out, many in a few statements: proposals that the platform is asked about, and questions to people.
 * Pairs that people found to be two are left alone; pairs whom people parted for good are questions only; what stands open
 * already is not said twice.
 */
export async function propose(transaction: MpiTransaction, judged: readonly Judged[]): Promise<void> {
  const likely = judged.filter(({ verdict }) => verdict !== 'nothing');
  if (likely.length === 0) return;
  const { said_two, parted } = await whatPeopleSaid(transaction, likely);
  const open = likely.filter((one) => !said_two.has(nameOf(one.ids)));
  const isForPeople = ({ ids, verdict }: Judged) => verdict === 'review' || parted.has(nameOf(ids));
  await ask(transaction, open.filter(isForPeople));
  const sure = open.filter((one) => !isForPeople(one));
  await proposeMerges(
    transaction,
    sure.map(({ ids, probability, evidence }) => ({ ids, reason: 'automatic', probability, evidence })),
  );
}

const sorted = (ids: readonly [string, string]) => [...ids].sort() as [string, string];
const nameOf = (ids: readonly [string, string]) => sorted(ids).join(' ');
const lows = (pairs: readonly { ids: [string, string] }[]) => pairs.map(({ ids }) => sorted(ids)[0]);
const highs = (pairs: readonly { ids: [string, string] }[]) => pairs.map(({ ids }) => sorted(ids)[1]);

async function whatPeopleSaid(
  transaction: MpiTransaction,
  pairs: readonly Judged[],
): Promise<{ said_two: Set<string>; parted: Set<string> }> {
  const { rows } = await sql<{ low_id: string; high_id: string; said_two: boolean; parted: boolean }>`
    select pair.low_id, pair.high_id,
      exists (select from mpi.review_items item
        where item.low_id = pair.low_id and item.high_id = pair.high_id and item.outcome = 'different') as said_two,
      exists (select from mpi.link_events event where event.kind = 'never_link'
        and ((event.parent_id = pair.low_id and event.merged_id = pair.high_id)
          or (event.parent_id = pair.high_id and event.merged_id = pair.low_id))) as parted
    from unnest(${lows(pairs)}::uuid[], ${highs(pairs)}::uuid[]) as pair (low_id, high_id)`.execute(transaction);
  const those = (is: (row: (typeof rows)[number]) => boolean) =>
    new Set(rows.filter(is).map(({ low_id, high_id }) => `${low_id} ${high_id}`));
  return { said_two: those((row) => row.said_two), parted: those((row) => row.parted) };
}

async function ask(transaction: MpiTransaction, pairs: readonly Judged[]): Promise<void> {
  if (pairs.length === 0) return;
  await sql`
    insert into mpi.review_items (kind, low_id, high_id, probability, evidence)
    select 'possible_duplicate', * from unnest(${lows(pairs)}::uuid[], ${highs(pairs)}::uuid[],
      ${pairs.map(({ probability }) => probability)}::float8[],
      ${pairs.map(({ evidence }) => JSON.stringify(evidence ?? null))}::jsonb[])
    on conflict on constraint review_items_pair do nothing`.execute(transaction);
}

export type MergeProposal = {
  ids: [string, string];
  reason: 'automatic' | 'reviewed';
  probability: number | null;
  evidence: unknown;
};

type Stored = { id: string; parent_id: string; merged_id: string; reason: MergeProposal['reason'] };

/** Stores proposals, unless the platform refused a machine's before, with the events by which the platform hears of them. */
export async function proposeMerges(transaction: MpiTransaction, proposals: readonly MergeProposal[]): Promise<void> {
  if (proposals.length === 0) return;
  const { rows } = await sql<Stored>`
    insert into mpi.link_proposals (id, parent_id, merged_id, reason, probability, evidence)
    select proposal.* from unnest(${proposals.map(() => randomUUID())}::uuid[], ${proposals.map(({ ids }) => ids[0])}::uuid[],
      ${proposals.map(({ ids }) => ids[1])}::uuid[], ${proposals.map(({ reason }) => reason)}::text[],
      ${proposals.map(({ probability }) => probability)}::float8[],
      ${proposals.map(({ evidence }) => JSON.stringify(evidence))}::jsonb[])
      as proposal (id, parent_id, merged_id, reason, probability, evidence)
    where proposal.reason = 'reviewed' or not exists (
      select from mpi.link_proposals refused
      where refused.state = 'refused' and (refused.parent_id, refused.merged_id) in
        ((proposal.parent_id, proposal.merged_id), (proposal.merged_id, proposal.parent_id)))
    on conflict do nothing returning id, parent_id, merged_id, reason`.execute(transaction);
  const events = rows.map(({ id, ...payload }) => ({
    type: 'person.merge_proposed',
    object_type: 'merge_proposal',
    object_id: id,
    payload,
  }));
  if (events.length > 0) await appendEvents(transaction, 'mpi', events);
}
