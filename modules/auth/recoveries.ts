import { randomUUID } from 'node:crypto';
import { lockName } from '@zdravo/kit/db';
import type { Job } from '@zdravo/kit/jobs';
import { notFound } from '@zdravo/kit/problem';
import { sql } from 'kysely';
import { type AuthDeps, after } from './deps.ts';
import { acceptPassword, storePassword } from './passwords.ts';
import { hashSecret, newSecretText } from './secrets.ts';
import { findUser, findUserByEmail, getUser } from './users.ts';

type LinkOrder = { user_id: string; expires_at: string };

/**
 * Orders a one-use link for a known e-mail. An unknown one gets the same answer for the same work, an order in nobody's name,
 * so that neither words nor time tell who has an account: what differs happens behind the answer, in the job.
 */
export async function startRecovery(deps: AuthDeps, email: string): Promise<{ expires_at: string }> {
  const expires_at = after(deps.clock, deps.settings.recovery_ttl_s);
  const user = await findUserByEmail(deps, email);
  const order: LinkOrder = { user_id: user?.id ?? randomUUID(), expires_at };
  await sql`select graphile_worker.add_job('send_recovery_link', payload := ${JSON.stringify(order)}::json)`.execute(
    deps.db,
  );
  return { expires_at };
}

/** Carries out orders of links: none for nobody or a blocked account, and at most five an hour for one user. */
export function recoveryJob(deps: AuthDeps): Job {
  return { name: 'send_recovery_link', run: (payload) => sendLink(deps, payload as LinkOrder) };
}

async function sendLink(deps: AuthDeps, { user_id, expires_at }: LinkOrder): Promise<void> {
  const user = await findUser(deps, user_id);
  if (!user || user.is_blocked || Date.parse(expires_at) <= deps.clock.now().getTime()) return;
  const link = await linkWithinLimit(deps, user_id);
  if (link !== undefined) await deps.deliverRecovery({ email: user.email, link, expires_at });
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
