import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';

/**
 * The one door by which a module of the platform works inside another's transaction: for the time of `work` the
 * transaction runs under that module's role, with that module's grants and nothing else. Kysely's types are invariant,
 * so this is also the only place where a transaction changes its type.
 */
export async function asModule<Ours, Theirs, Result>(
  transaction: Transaction<Ours>,
  role: string,
  work: (transaction: Transaction<Theirs>) => Promise<Result>,
): Promise<Result> {
  const { rows } = await currentRole.execute(transaction);
  await setRole(role).execute(transaction);
  const result = await work(transaction as unknown as Transaction<Theirs>);
  await setRole(rows[0]!.role).execute(transaction);
  return result;
}

const currentRole = sql<{ role: string }>`select current_user::text as role`;

function setRole(role: string): RawBuilder<unknown> {
  return sql`select set_config('role', ${role}, true)`;
}

/** An open transaction of another module of the platform, whatever its tables are: it goes through the door only. */
export type ForeignTransaction = { readonly isTransaction: true };

/** Works in the caller's transaction, through the door, or in one of the module's own. */
export function inModule<Tables, Result>(
  db: Kysely<Tables>,
  role: string,
  foreign: ForeignTransaction | undefined,
  work: (transaction: Transaction<Tables>) => Promise<Result>,
): Promise<Result> {
  if (foreign) return asModule<Tables, Tables, Result>(foreign as Transaction<Tables>, role, work);
  return db.transaction().execute(work);
}
