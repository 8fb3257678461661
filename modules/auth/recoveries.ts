import { randomUUID } from 'node:crypto';
import { lockName } from '@zdravo/kit/db';
import { notFound } from '@zdravo/kit/problem';
import { type AuthDeps, after } from './deps.ts';
import { acceptPassword, storePassword } from './passwords.ts';
import { hashSecret, newSecretText } from './secrets.ts';
import { findUserByEmail, getUser } from './users.ts';

/**
 * Sends a one-use link to a known e-mail and nothing to an unknown one; the answer is the same, so that nobody learns
 * who has an account. At most five links an hour go to one user.
 */
export async function startRecovery(deps: AuthDeps, email: string): Promise<{ expires_at: string }> {
  const expires_at = after(deps.clock, deps.settings.recovery_ttl_s);
  const user = await findUserByEmail(deps, email);
  const link = user && !user.is_blocked ? await linkWithinLimit(deps, user.id) : undefined;
  if (link !== undefined) await deps.deliverRecovery({ email: user!.email, link, expires_at });
  return { expires_at };
}

/** Those who ask at once take turns, or all would count without each other. */
function linkWithinLimit(deps: AuthDeps, user_id: string): Promise<string | undefined> {
  return deps.db.transaction().execute(async (transaction) => {
    await lockName(transaction, `recovery ${user_id}`);
    const within = { ...deps, db: transaction };
    if ((await countRecent(within, user_id)) >= deps.settings.recoveries_per_hour) return undefined;
    return (await createRecoveryLink(within, user_id)).link;
  });
}

/** A one-use link that sets a password; for invitations of accounts that have none yet, too. */
export async function createRecoveryLink(
  deps: AuthDeps,
  user_id: string,
  ttl_s = deps.settings.recovery_ttl_s,
): Promise<{ link: string; expires_at: string }> {
  const link = newSecretText();
  const expires_at = after(deps.clock, ttl_s);
  await deps.db
    .insertInto('auth.password_recoveries')
    .values({
      id: randomUUID(),
      link_hash: hashSecret(link),
      user_id,
      inserted_at: deps.clock.now().toISOString(),
      expires_at,
    })
    .execute();
  return { link, expires_at };
}

async function countRecent({ db, clock }: Pick<AuthDeps, 'db' | 'clock'>, user_id: string): Promise<number> {
  const { count } = await db
    .selectFrom('auth.password_recoveries')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('user_id', '=', user_id)
    .where('inserted_at', '>', after(clock, -3_600))
    .executeTakeFirstOrThrow();
  return count;
}

/** Sets the password that a link allows; link, other links and all tokens of the user end. @throws Problem 404, 422. */
export async function finishRecovery(
  deps: AuthDeps,
  link: string,
  password: string,
  entry = '$.user.password',
): Promise<{ id: string; email: string; settings: unknown }> {
  const now = deps.clock.now().toISOString();
  const recovery = await deps.db
    .selectFrom('auth.password_recoveries')
    .selectAll()
    .where('link_hash', '=', hashSecret(link))
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  if (!recovery) throw notFound();
  const user = await getUser(deps, recovery.user_id);
  const accepted = await acceptPassword(deps, user, password, entry);
  await deps.db.transaction().execute(async (transaction) => {
    await transaction.selectFrom('auth.users').select('id').where('id', '=', user.id).forUpdate().execute();
    const ended = await transaction
      .updateTable('auth.password_recoveries')
      .set({ used_at: now })
      .where('user_id', '=', user.id)
      .where('used_at', 'is', null)
      .returning('id')
      .execute();
    if (!ended.some(({ id }) => id === recovery.id)) throw notFound();
    await storePassword(deps, transaction, user.id, accepted);
  });
  return { id: user.id, email: user.email, settings: user.settings };
}
