import type { LinkageModel } from '@zdravo/linkage';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';

const bands = 10;

/** How often pairs of a probability turned out to be one person: of a model that fits, as often as it said. */
export async function reliability(db: Kysely<Tables>) {
  const { rows } = await sql<{ band: number; pairs: number; predicted: number; observed: number }>`
    select least(${bands - 1}, floor(probability * ${bands}))::int as band, count(*)::int as pairs,
      avg(probability)::float8 as predicted, avg((outcome = 'same')::int)::float8 as observed
    from mpi.review_items where outcome is not null and probability is not null and expected is null
    group by 1 order by 1`.execute(db);
  return rows.map(({ band, ...figures }) => ({ from: band / bands, to: (band + 1) / bands, ...figures }));
}

/** How often each reviewer was of the decision's mind, and wrong on pairs whose truth was known. */
export async function reviewers(db: Kysely<Tables>) {
  const { rows } = await sql<{ reviewer_id: string; votes: number; agreed: number; seeded: number; wrong: number }>`
    select vote.reviewer_id, count(*)::int as votes, count(*) filter (where vote.vote = item.outcome)::int as agreed,
      count(item.expected)::int as seeded, count(*) filter (where vote.vote <> item.expected)::int as wrong
    from mpi.review_votes vote join mpi.review_items item on item.id = vote.item_id
    group by vote.reviewer_id order by vote.reviewer_id`.execute(db);
  return rows;
}

/** Every model with its figures and how far its parameters went from the model before it. */
export async function models(db: Kysely<Tables>) {
  const rows = await db
    .selectFrom('mpi.linkage_models')
    .select(['id', 'state', 'trained_at', 'signed_off_at', 'figures', 'model'])
    .orderBy('trained_at')
    .execute();
  return rows.map(({ model, signed_off_at, ...row }, at) => ({
    ...row,
    is_signed_off: signed_off_at !== null,
    drift_bits: at === 0 ? {} : drift(rows[at - 1]!.model as LinkageModel, model as LinkageModel),
  }));
}

/** For each field the largest change of log2 m over its levels; a change of a bit halves or doubles what agreement says. */
function drift(before: LinkageModel, after: LinkageModel): Record<string, number> {
  return Object.fromEntries(
    after.parameters.map(({ name, m }) => {
      const earlier = before.parameters.find((field) => field.name === name)?.m[0];
      const changes = m[0]!.map((share, level) =>
        Math.abs(Math.log2((share + 1e-4) / ((earlier?.[level] ?? share) + 1e-4))),
      );
      return [name, Math.round(Math.max(...changes) * 100) / 100];
    }),
  );
}
