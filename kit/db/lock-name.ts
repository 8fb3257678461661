import { sql } from 'kysely';
import type { TransactionOf } from './database.ts';

/** Until the transaction ends, whoever locks the same name waits: for what no row stands for yet. */
export async function lockName<Tables>(transaction: TransactionOf<Tables>, name: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(transaction);
}
