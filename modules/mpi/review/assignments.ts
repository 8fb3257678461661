import { conflict, notFound } from '@zdravo/kit/problem';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';
import type { ReviewItem } from './contract.ts';

/** A pair that is not voted on returns to the queue after this. */
const assigned_hours = 24;
const most_postponed = 5;
/** Voices that can still count: two, or a third when they differ. */
const most_reviewers = 3;

const item_columns = sql`
  item.id, item.kind, item.probability, item.evidence, item.status, coalesce(assigned.postponed_at is not null, false) as is_postponed`;

/** The pair that the reviewer has before them, or the next: seldom looked at first, the most doubtful of them first. */
export async function assign(db: Kysely<Tables>, reviewer_id: string): Promise<ReviewItem | null> {
  return db.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(hashtextextended('mpi review assignment', 0))`.execute(transaction);
    const current = (await open(transaction, reviewer_id)).find((item) => !item.is_postponed);
    if (current) return current;
    const { rows } = await sql`
      insert into mpi.review_assignments (item_id, reviewer_id, expires_at)
      select item.id, ${reviewer_id}, now() + make_interval(hours => ${assigned_hours})
      from mpi.review_items item join mpi.review_sheets sheet on sheet.item_id = item.id
      where item.status = 'new'
        and not exists (select from mpi.review_assignments own where own.item_id = item.id and own.reviewer_id = ${reviewer_id})
        and (select count(*) from mpi.review_assignments other where other.item_id = item.id and (other.expires_at > now()
          or exists (select from mpi.review_votes vote where vote.item_id = item.id and vote.reviewer_id = other.reviewer_id)))
          < ${most_reviewers}
      order by abs(coalesce(item.probability, 0.5) - 0.85), item.created_at limit 1
      returning item_id`.execute(transaction);
    if (rows.length === 0) return null;
    return (await open(transaction, reviewer_id)).find((item) => !item.is_postponed) ?? null;
  });
}

/** What the reviewer has open. */
export async function open(db: Kysely<Tables>, reviewer_id: string): Promise<ReviewItem[]> {
  const { rows } = await sql<ReviewItem>`
    select ${item_columns}
    from mpi.review_assignments assigned join mpi.review_items item on item.id = assigned.item_id
    where assigned.reviewer_id = ${reviewer_id} and item.status = 'new'
      and (assigned.expires_at > now() or assigned.postponed_at is not null)
      and not exists (select from mpi.review_votes vote where vote.item_id = item.id and vote.reviewer_id = ${reviewer_id})
    order by assigned.assigned_at`.execute(db);
  return rows;
}

/** @throws Problem 404 for a pair that is not before this reviewer. */
export async function getOpen(db: Kysely<Tables>, id: string, reviewer_id: string): Promise<ReviewItem> {
  const item = (await open(db, reviewer_id)).find((one) => one.id === id);
  if (!item) throw notFound();
  return item;
}

/** @throws Problem 404; 409 `too_many_postponed`. */
export async function postpone(db: Kysely<Tables>, id: string, reviewer_id: string): Promise<ReviewItem> {
  return db.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`mpi reviewer ${reviewer_id}`}, 0))`.execute(transaction);
    const item = await getOpen(transaction, id, reviewer_id);
    if (item.is_postponed) return item;
    const postponed = (await open(transaction, reviewer_id)).filter((one) => one.is_postponed).length;
    if (postponed >= most_postponed)
      throw conflict(`No more than ${most_postponed} pairs may be put aside.`, 'too_many_postponed');
    await transaction
      .updateTable('mpi.review_assignments')
      .set({ postponed_at: sql`now()` })
      .where('item_id', '=', id)
      .where('reviewer_id', '=', reviewer_id)
      .execute();
    return { ...item, is_postponed: true };
  });
}
