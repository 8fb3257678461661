import { invalidField } from '@zdravo/kit/problem';
import { isCommonPassword } from './common-passwords.ts';
import { type AuthDeps, type AuthTransaction, audit } from './deps.ts';
import { revokeTokensOf } from './tokens.ts';

/** Refuses passwords that are too short, too long, common, or hold the account's own name (NIST SP 800-63B §5.1.1). */
export function refuseWeakPassword(deps: Pick<AuthDeps, 'settings'>, password: string, email: string, entry: string) {
  const { password_min_length: least } = deps.settings;
  if ([...password].length < least) throw weak(entry, `must have at least ${least} characters`, 'length');
  if (password.length > 256) throw weak(entry, 'must have at most 256 characters', 'length');
  const name = email.split('@')[0]!.toLowerCase();
  if (name.length >= 4 && password.toLowerCase().includes(name)) throw weak(entry, 'must not hold the e-mail’s name');
  if (new Set(password).size < 4) throw weak(entry, 'must have at least four different characters');
  if (isCommonPassword(password)) throw weak(entry, 'must not be a common one', 'password_common');
}

function weak(entry: string, description: string, rule = 'password') {
  return invalidField(entry, description, rule);
}

/**
 * Checks a new password, which must be none of the last ones, and hashes it; `storePassword` then writes it.
 * @param entry where the password stands in the request, for the refusal.
 */
export async function acceptPassword(
  deps: AuthDeps,
  user: { id: string; email: string },
  password: string,
  entry: string,
): Promise<{ hash: string }> {
  refuseWeakPassword(deps, password, user.email, entry);
  for (const former of await formerPasswords(deps, user.id)) {
    if (await deps.hasher.verify(password, former)) throw weak(entry, 'was used before', 'password_history');
  }
  return { hash: await deps.hasher.hash(password) };
}

/** The newest `password_history` hashes, the present one first. */
async function formerPasswords({ db, settings }: AuthDeps, user_id: string): Promise<string[]> {
  const rows = await db
    .selectFrom('auth.password_history')
    .select('password_hash')
    .where('user_id', '=', user_id)
    .orderBy('id', 'desc')
    .limit(settings.password_history)
    .execute();
  return rows.map((row) => row.password_hash);
}

/** Writes an accepted password in the caller's transaction and ends everything that was issued under the old one. */
export async function storePassword(
  deps: AuthDeps,
  transaction: AuthTransaction,
  user_id: string,
  { hash }: { hash: string },
): Promise<void> {
  const now = deps.clock.now().toISOString();
  await transaction
    .updateTable('auth.users')
    .set({ password_hash: hash, password_set_at: now, updated_at: now })
    .where('id', '=', user_id)
    .execute();
  await transaction.insertInto('auth.password_history').values({ user_id, password_hash: hash, set_at: now }).execute();
  await revokeTokensOf(deps, transaction, { user_id });
  await audit(transaction, undefined, { action: 'set_password', resource: 'user', resource_id: user_id });
}
