import type { Clock } from '@zdravo/kit/clock';
import { type ForeignTransaction, inModule, type Transaction } from '@zdravo/kit/db';
import type { CallContext } from '@zdravo/kit/http';
import type { Kysely } from 'kysely';
import type { Tables } from './tables.ts';

export type PrmDeps = { db: Kysely<Tables>; clock: Clock };
export type PrmTransaction = Transaction<Tables>;
/** Who is behind a write, and the transaction of the process that it belongs to. */
export type Within = { context: CallContext; actor_id: string; transaction?: ForeignTransaction };

export const prm_role = 'zdravo_prm';

/** Works in the process's transaction, through the door, or in one of our own; the audit row is written with it. */
export function write<Result>(
  deps: PrmDeps,
  { context, actor_id, transaction }: Within,
  entry: { action: string; resource: string; resource_id: string },
  work: (transaction: PrmTransaction) => Promise<Result>,
): Promise<Result> {
  return inModule(deps.db, prm_role, transaction, async (own) => {
    const result = await work(own);
    await own
      .insertInto('prm.audit_log')
      .values({ ...entry, request_id: context.request_id, actor_id, client_id: context.client_id ?? null })
      .execute();
    return result;
  });
}

/** JSON text for a jsonb column: node-postgres would send an array as a PostgreSQL array. */
export function json(value: unknown): string {
  return JSON.stringify(value);
}
