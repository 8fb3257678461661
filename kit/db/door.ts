import { type RawBuilder, sql, type Transaction } from 'kysely';

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
