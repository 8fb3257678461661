import { type RawBuilder, sql } from 'kysely';
import type { TransactionOf } from '../db/index.ts';
import { Problem } from '../problem/index.ts';

export type NewEvent = {
  type: string;
  object_type: string;
  object_id: string;
  payload: Record<string, unknown>;
};
export type Event = NewEvent & { id: string; occurred_at: string };

/**
 * Writes events into the module's outbox, in the transaction of the facts that they tell of. The table stands in the
 * module's schema as `outbox` (see `outbox.sql` in this folder for its shape).
 */
export async function appendEvents<Tables>(
  transaction: TransactionOf<Tables>,
  schema: string,
  events: readonly NewEvent[],
): Promise<void> {
  if (events.length === 0) return;
  const rows = events.map(
    (event) =>
      sql`(${event.type}, ${event.object_type}, ${event.object_id}::uuid, ${JSON.stringify(event.payload)}::jsonb)`,
  );
  await sql`insert into ${outbox(schema)} (type, object_type, object_id, payload) values ${sql.join(rows)}`.execute(
    transaction,
  );
}

/**
 * A page of the feed after a position. Only events of transactions that no running one precedes are shown, so that
 * a late commit is never skipped; within one object the order is that of the commits.
 * @throws Problem 409 `feed_restored` when this history never had that position: the database was restored to an earlier
 * point, and whoever goes on from there would miss what it tells now.
 */
export async function readFeed<Tables>(
  db: TransactionOf<Tables>,
  schema: string,
  query: { after?: string; limit?: number },
): Promise<{ events: Event[]; next: string }> {
  const [after_transaction, after_position] = (query.after ?? '0/0').split('/') as [string, string];
  const { rows } = await sql<Event & { at_transaction: string; at_position: string }>`
    select id, type, object_type, object_id, occurred_at, payload,
      transaction_id::text as at_transaction, position::text as at_position
    from ${outbox(schema)}
    where (transaction_id, position) > (${after_transaction}::xid8, ${after_position}::bigint)
      and transaction_id < pg_snapshot_xmin(pg_current_snapshot())
    order by transaction_id, position
    limit ${query.limit ?? 200}`.execute(db);
  if (query.after !== undefined) await refuseForeignPosition(db, schema, [after_transaction, after_position]);
  const last = rows.at(-1);
  return {
    events: rows.map(({ at_transaction: _t, at_position: _p, ...event }) => event),
    next: last ? `${last.at_transaction}/${last.at_position}` : (query.after ?? '0/0'),
  };
}

/**
 * A position is that of an event that was read once. It may be gone because the oldest events expire; then nothing older is
 * left, and its transaction has been.
 */
async function refuseForeignPosition<Tables>(
  db: TransactionOf<Tables>,
  schema: string,
  [transaction, position]: [string, string],
): Promise<void> {
  const { rows } = await sql<{ is_foreign: boolean }>`
    select ${transaction}::xid8 >= pg_snapshot_xmax(pg_current_snapshot()) or (
      exists (select from ${outbox(schema)} where (transaction_id, position) < (${transaction}::xid8, ${position}::bigint))
      and not exists (select from ${outbox(schema)} where (transaction_id, position) = (${transaction}::xid8, ${position}::bigint))
    ) as is_foreign`.execute(db);
  if (rows[0]!.is_foreign)
    throw new Problem({ status: 409, code: 'feed_restored', message: 'This feed never had that position.' });
}

function outbox(schema: string): RawBuilder<unknown> {
  return sql.raw(`"${schema.replaceAll('"', '')}".outbox`);
}
