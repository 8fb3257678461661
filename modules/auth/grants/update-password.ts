import { accessDenied } from '@zdravo/kit/problem';
import type { AuthDeps } from '../deps.ts';
import { acceptPassword, storePassword } from '../passwords.ts';
import { getHeldToken, useUp } from '../tokens.ts';
import { getUser, type User } from '../users.ts';

/** Sets a new password with a change_password_token, which serves once. */
export async function updatePassword(
  deps: AuthDeps,
  authorization: string | string[] | undefined,
  password: string,
): Promise<User> {
  const token = await getHeldToken(deps, authorization, ['change_password_token']);
  const user = await getUser(deps, token.user_id);
  if (user.is_blocked) throw accessDenied('User blocked.', 'user_blocked');
  const accepted = await acceptPassword(deps, user, password, '$.user.password');
  await deps.db.transaction().execute(async (transaction) => {
    if (!(await useUp(deps, transaction, token))) throw accessDenied('Token expired', 'token_used');
    await storePassword(deps, transaction, user.id, accepted);
  });
  return user;
}
