import { type Kysely, sql } from 'kysely';

/** The advisory lock that whoever writes the log holds. */
export const leader_lock = 7_202_612;

/**
 * Runs the work if no other session leads. The lock belongs to the session that does the writing: a leader whose
 * connection was lost can write nothing more.
 * @returns nothing when another session leads.
 */
export async function asLeader<Tables, Result>(
  db: Kysely<Tables>,
  work: (session: Kysely<Tables>) => Promise<Result>,
): Promise<Result | undefined> {
  return db.connection().execute(async (session) => {
    const { rows } = await sql<{ leads: boolean }>`select pg_try_advisory_lock(${leader_lock}) as leads`.execute(
      session,
    );
    if (!rows[0]!.leads) return undefined;
    try {
      return await work(session);
    } finally {
      await sql`select pg_advisory_unlock(${leader_lock})`.execute(session).catch(() => {});
    }
  });
}
