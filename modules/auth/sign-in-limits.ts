import { tooManyRequests } from '@zdravo/kit/problem';
import { type AuthDeps, after } from './deps.ts';
import { keyedHash } from './secrets.ts';

export type Attempt = { forgive(): Promise<void> };

/**
 * Counts this attempt before it is made, so that rivals at the same instant cannot all pass: whoever comes after the
 * tenth failure within ten minutes is refused without a look at the password. Known and unknown e-mails alike.
 */
export async function beginAttempt(deps: AuthDeps, email: string): Promise<Attempt> {
  const { db, settings, clock } = deps;
  const email_hash = hashEmail(deps, email);
  const { id } = await db
    .insertInto('auth.sign_in_failures')
    .values({ email_hash, at: clock.now().toISOString() })
    .returning('id')
    .executeTakeFirstOrThrow();
  const forgive = async () => {
    await db.deleteFrom('auth.sign_in_failures').where('id', '=', id).execute();
  };
  const { count } = await db
    .selectFrom('auth.sign_in_failures')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('email_hash', '=', email_hash)
    .where('at', '>', after(clock, -settings.sign_in_window_s))
    .executeTakeFirstOrThrow();
  if (count <= settings.sign_in_failures) return { forgive };
  await forgive();
  throw tooManyRequests(
    'You reached login attempts limit. Try again later.',
    settings.sign_in_window_s,
    'sign_in_limit',
  );
}

/** A wrong code counts like a wrong password. */
export async function countFailure(deps: AuthDeps, email: string): Promise<void> {
  await deps.db
    .insertInto('auth.sign_in_failures')
    .values({ email_hash: hashEmail(deps, email), at: deps.clock.now().toISOString() })
    .execute();
}

function hashEmail({ hash_key }: AuthDeps, email: string): Buffer {
  return keyedHash(hash_key, 'sign-in e-mail', email.toLowerCase());
}
