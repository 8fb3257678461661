import type { MpiDatabase } from '../deps.ts';

export type ReviewKind =
  | 'ambiguous_match'
  | 'identifier_shared'
  | 'identity_contested'
  | 'late_facts'
  | 'possible_duplicate'
  | 'merge_conflict'
  | 'ended_declaration'
  | 'signed_meanwhile';

/** Asks people to look at pairs of persons; a pair that was asked about for the same reason is not asked about again. */
export async function askForReview(
  db: MpiDatabase,
  kind: ReviewKind,
  pairs: [string, string][],
  why: { probability?: number; evidence?: unknown } = {},
): Promise<void> {
  const evidence = why.evidence === undefined ? {} : { evidence: JSON.stringify(why.evidence) };
  const words = { ...evidence, ...(why.probability === undefined ? {} : { probability: why.probability }) };
  const rows = pairs
    .filter(([one, other]) => one !== other)
    .map((pair) => [...pair].sort() as [string, string])
    .map(([low_id, high_id]) => ({ kind, low_id, high_id, ...words }));
  if (rows.length === 0) return;
  await db
    .insertInto('mpi.review_items')
    .values(rows)
    .onConflict((conflict) => conflict.constraint('review_items_pair').doNothing())
    .execute();
}

/** Everybody of a group with the next: enough for people to see the whole group. */
export function neighbours(ids: readonly string[]): [string, string][] {
  return ids.slice(1).map((id, at) => [ids[at]!, id]);
}
