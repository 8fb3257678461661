import { randomUUID } from 'node:crypto';
import type { Call, Principal } from '@zdravo/kit/http';
import { accessDenied } from '@zdravo/kit/problem';
import { sql } from 'kysely';
import { type Client, getOpenClient } from './clients.ts';
import { type AuthDeps, type AuthTransaction, audit } from './deps.ts';
import { scopeRefused } from './grants/refusals.ts';
import { listUserRoles } from './roles.ts';
import { isSubset, parseScope } from './scopes.ts';
import { type IssuedToken, issueToken } from './tokens.ts';
import { getUser } from './users.ts';

export type ConsentRequest = { client_id: string; redirect_uri: string; scope: string; state?: string };

/** Who asks for consent under this address. @throws Problem 401 `client_invalid`, `client_blocked`, `redirect_uri_invalid`. */
export async function getApp(
  deps: AuthDeps,
  { client_id, redirect_uri }: Pick<ConsentRequest, 'client_id' | 'redirect_uri'>,
): Promise<{ client_id: string; client_name: string }> {
  const client = await getOpenClient(deps, client_id);
  matchRedirectUri(client, redirect_uri);
  return { client_id, client_name: client.name };
}

/**
 * The user's consent: lets a client act in their name within `scope`.
 * @returns a code for that client, and the address to which the browser takes it with the client's own `state`.
 */
export async function approveApp(
  deps: AuthDeps,
  request: ConsentRequest,
  call: Call,
): Promise<{ code: IssuedToken; location: string }> {
  await refuseBlockedUser(deps, call.principal);
  const client = await getOpenClient(deps, request.client_id);
  const redirect_uri = matchRedirectUri(client, request.redirect_uri);
  const scope = await allowedScope(deps, call.principal, client, request.scope);
  const code = await deps.db.transaction().execute(async (transaction) => {
    await recordApproval(transaction, { user_id: call.principal.user_id, client_id: client.id, scope });
    const detail = { client_id: client.id, scope };
    await audit(transaction, call.context, {
      action: 'approve_app',
      resource: 'user',
      resource_id: call.principal.user_id,
      detail,
    });
    return issueToken(deps, transaction, {
      name: 'authorization_code',
      user_id: call.principal.user_id,
      client_id: client.id,
      grant_type: 'password',
      scope,
      redirect_uri,
      ttl_s: deps.settings.code_ttl_s,
    });
  });
  return { code, location: locationOf(redirect_uri, code.value, request.state) };
}

async function refuseBlockedUser(deps: AuthDeps, { user_id }: Principal): Promise<void> {
  const user = await getUser(deps, user_id);
  if (user.is_blocked) throw accessDenied('User blocked.', 'user_blocked');
}

/** Character by character: a prefix or a pattern would be an open redirect (RFC 9700 §4.1.3). */
function matchRedirectUri(client: Client, requested: string): string {
  if (client.redirect_uri !== null && client.redirect_uri === requested) return requested;
  throw accessDenied('The redirection URI provided does not match a pre-registered value.', 'redirect_uri_invalid');
}

async function allowedScope(deps: AuthDeps, principal: Principal, client: Client, text: string): Promise<string[]> {
  const scope = parseScope(text);
  if (scope.length === 0) throw scopeRefused('Requested scope is empty.', 'scope_empty');
  if (!isSubset(scope, client.client_type_scope))
    throw scopeRefused('Scope is not allowed by client type.', 'scope_beyond_client_type');
  const roles = await listUserRoles(deps, { user_id: principal.user_id, client_id: client.id });
  const by_role = roles.flatMap((role) => role.scope);
  if (!isSubset(scope, by_role))
    throw scopeRefused('User requested scope that is not allowed by role based access policies.', 'scope_beyond_role');
  return scope;
}

/** Approvals add up: a narrower consent does not withdraw a wider one. */
async function recordApproval(
  transaction: AuthTransaction,
  { user_id, client_id, scope }: { user_id: string; client_id: string; scope: string[] },
): Promise<void> {
  await transaction
    .insertInto('auth.apps')
    .values({ id: randomUUID(), user_id, client_id, scope })
    .onConflict((conflict) =>
      conflict.columns(['user_id', 'client_id']).doUpdateSet({
        scope: sql<string[]>`array(select distinct s from unnest(auth.apps.scope || excluded.scope) s order by s)`,
        updated_at: sql<string>`now()`,
      }),
    )
    .execute();
}

/** Adds `code` and `state` to the registered address, whose own query stays as it is (RFC 6749 §4.1.2). */
function locationOf(redirect_uri: string, code: string, state: string | undefined): string {
  const query = new URLSearchParams({ code, ...(state === undefined ? {} : { state }) });
  return `${redirect_uri}${redirect_uri.includes('?') ? '&' : '?'}${query}`;
}
