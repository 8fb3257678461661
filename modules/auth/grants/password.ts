import { accessDenied } from '@zdravo/kit/problem';
import { type Client, getOpenClient } from '../clients.ts';
import type { AuthDeps } from '../deps.ts';
import { isSubset, parseScope } from '../scopes.ts';
import { beginAttempt } from '../sign-in-limits.ts';
import { issueToken, type TokenName } from '../tokens.ts';
import { findSecondFactor, findUserByEmail, type User } from '../users.ts';
import type { Granted } from './granted.ts';
import { scopeRefused } from './refusals.ts';
import { askSecondFactor } from './second-factor.ts';

export type PasswordRequest = { email: string; password: string; client_id: string; scope: string };

/** Sign-in at the login pages: a password earns their access token, or the right to show a second factor. */
export async function grantByPassword(deps: AuthDeps, request: PasswordRequest): Promise<Granted> {
  return signIn(deps, request, 'access_token');
}

/** Sign-in only to change the password; the one way left when it has expired. */
export async function grantPasswordChange(deps: AuthDeps, request: PasswordRequest): Promise<Granted> {
  return signIn(deps, request, 'change_password_token');
}

async function signIn(deps: AuthDeps, request: PasswordRequest, granted_name: TokenName): Promise<Granted> {
  const scope = parseScope(request.scope);
  const client = await getSignInClient(deps, request.client_id, scope);
  const user = await checkPassword(deps, request, granted_name);
  const factor = await findSecondFactor(deps, user.id);
  const common = { user_id: user.id, client_id: client.id, scope, redirect_uri: client.redirect_uri };
  if (factor) return askSecondFactor(deps, { ...common, grant_type: 'password', granted_name }, factor.phone);
  const { session_ttl_s: ttl_s } = deps.settings;
  const issued = await deps.db
    .transaction()
    .execute((transaction) =>
      issueToken(deps, transaction, { ...common, name: granted_name, grant_type: 'password', ttl_s }),
    );
  return { issued, next_step: granted_name === 'access_token' ? 'REQUEST_APPS' : 'UPDATE_PASSWORD' };
}

async function getSignInClient(deps: AuthDeps, id: string, scope: string[]): Promise<Client> {
  const client = await getOpenClient(deps, id);
  if (!client.allowed_grant_types.includes('password'))
    throw accessDenied('Client is not allowed to issue login token.', 'grant_not_allowed');
  if (!isSubset(scope, client.client_type_scope))
    throw scopeRefused('Scope is not allowed by client type.', 'scope_beyond_client_type');
  return client;
}

async function checkPassword(deps: AuthDeps, request: PasswordRequest, granted_name: TokenName): Promise<User> {
  const attempt = await beginAttempt(deps, request.email);
  const user = await findUserByEmail(deps, request.email);
  const right = await deps.hasher.verify(request.password, user?.password_hash);
  if (!user || !right) throw accessDenied('Identity, password combination is wrong.', 'password_wrong');
  await attempt.forgive();
  if (user.is_blocked) throw accessDenied('User blocked.', 'user_blocked');
  if (granted_name === 'access_token' && isPasswordExpired(deps, user))
    throw accessDenied('The password has expired. Please change it.', 'password_expired');
  return user;
}

function isPasswordExpired({ clock, settings }: AuthDeps, user: User): boolean {
  const set_at = Date.parse(user.password_set_at ?? '');
  return set_at + settings.password_expiry_days * 86_400_000 <= clock.now().getTime();
}
