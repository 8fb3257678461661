import { type Kysely, sql } from 'kysely';
import { daysBefore } from '../clock/index.ts';

/** Consumers have had so many days to follow an outbox. */
export const outbox_kept_days = 30;
/**
 * Longer than any outbox: a producer that was restored is read from its beginning, and what took effect here must be known
 * for as long as it can come again.
 */
export const consumed_kept_days = 60;

/** Deletes what an outbox has held for 30 days. The session's role must be one that may. */
export async function deleteOldOutbox<Tables>(db: Kysely<Tables>, schema: string, now: Date): Promise<void> {
  await sql`delete from ${sql.table(`${schema}.outbox`)} where occurred_at < ${daysBefore(now, outbox_kept_days)}`.execute(
    db,
  );
}

/** Deletes a consumer's memory of events older than any outbox keeps. */
export async function deleteOldConsumed<Tables>(db: Kysely<Tables>, schema: string, now: Date): Promise<void> {
  const before = daysBefore(now, consumed_kept_days);
  await sql`delete from ${sql.table(`${schema}.consumed_events`)} where consumed_at < ${before}`.execute(db);
}
