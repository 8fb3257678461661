import { accessDenied, type Problem } from '@zdravo/kit/problem';
import { authenticateClient, type Client } from '../clients.ts';
import type { AuthDeps } from '../deps.ts';
import { isSubset, parseScope } from '../scopes.ts';
import { findToken, isExpired, revokeFamily, type Token, useUp } from '../tokens.ts';
import { getUser } from '../users.ts';
import { issueAccess } from './access.ts';
import type { Granted } from './granted.ts';
import { scopeRefused, tokenExpired, tokenNotFound, tokenUsed } from './refusals.ts';

export type CodeRequest = {
  code: string;
  client_id: string;
  client_secret: string;
  redirect_uri: string;
  scope?: string;
};

/** Exchanges a code for an access token and a refresh token (RFC 6749 §4.1.3; a replayed code ends its family, §4.1.2). */
export async function grantByCode(deps: AuthDeps, request: CodeRequest): Promise<Granted> {
  const client = await authenticateClient(deps, request);
  const code = await findToken(deps, request.code);
  if (code?.name !== 'authorization_code') throw tokenNotFound();
  const refusal = findCodeRefusal(deps, code, client, request);
  if (refusal) {
    if (refusal.ends_family) await revokeFamily(deps, code.family_id);
    throw refusal.problem;
  }
  const scope = narrowScope(code, request.scope);
  await refuseBlockedUser(deps, code.user_id);
  return deps.db.transaction().execute(async (transaction) => {
    if (!(await useUp(deps, transaction, code))) throw tokenUsed();
    return issueAccess(deps, transaction, { ...code, scope });
  });
}

/** A code in foreign hands or used before is taken for stolen. */
function findCodeRefusal(
  deps: AuthDeps,
  code: Token,
  client: Client,
  request: CodeRequest,
): { problem: Problem; ends_family: boolean } | undefined {
  if (code.client_id !== client.id) return { problem: tokenNotFound(), ends_family: true };
  if (code.used_at) return { problem: tokenUsed(), ends_family: true };
  if (code.revoked_at || isExpired(deps, code)) return { problem: tokenExpired(), ends_family: false };
  if (code.redirect_uri !== request.redirect_uri || client.redirect_uri !== request.redirect_uri) {
    const message = 'The redirection URI provided does not match a pre-registered value.';
    return { problem: accessDenied(message, 'redirect_uri_invalid'), ends_family: false };
  }
  return undefined;
}

/** Clients repeat the scope; they may ask for less than was consented to, never for more. */
function narrowScope(code: Token, requested: string | undefined): string[] {
  const scope = parseScope(requested ?? '');
  if (scope.length === 0) return code.scope;
  if (!isSubset(scope, code.scope))
    throw scopeRefused('Scope is not allowed by the approval.', 'scope_beyond_approval');
  return scope;
}

export async function refuseBlockedUser(deps: AuthDeps, user_id: string): Promise<void> {
  const user = await getUser(deps, user_id);
  if (user.is_blocked) throw accessDenied('User blocked.', 'user_blocked');
}
