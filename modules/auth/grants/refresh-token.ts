import { accessDenied } from '@zdravo/kit/problem';
import { authenticateClient } from '../clients.ts';
import type { AuthDeps } from '../deps.ts';
import { findToken, isExpired, revokeFamily, type Token, useUp } from '../tokens.ts';
import { issueAccess } from './access.ts';
import { refuseBlockedUser } from './authorization-code.ts';
import type { Granted } from './granted.ts';
import { tokenExpired, tokenNotFound, tokenUsed } from './refusals.ts';

export type RefreshRequest = { refresh_token: string; client_id: string; client_secret: string };

/**
 * Exchanges a refresh token for a new access token of the same scope and a new refresh token. A refresh token serves
 * once; one that comes back after it was used ends the whole family (RFC 9700 §4.14.2). Rivals at the same instant are
 * no replay: one wins and the others are only refused.
 */
export async function grantByRefresh(deps: AuthDeps, request: RefreshRequest): Promise<Granted> {
  const client = await authenticateClient(deps, request);
  const token = await findToken(deps, request.refresh_token);
  if (token?.name !== 'refresh_token' || token.client_id !== client.id) throw tokenNotFound();
  if (token.used_at) {
    await revokeFamily(deps, token.family_id);
    throw tokenUsed();
  }
  if (token.revoked_at || isExpired(deps, token)) throw tokenExpired();
  await refuseBlockedUser(deps, token.user_id);
  await refuseEndedApproval(deps, token);
  return deps.db.transaction().execute(async (transaction) => {
    if (!(await useUp(deps, transaction, token))) throw tokenUsed();
    return issueAccess(deps, transaction, token);
  });
}

async function refuseEndedApproval({ db }: AuthDeps, token: Token): Promise<void> {
  const approval = await db
    .selectFrom('auth.apps')
    .select('id')
    .where('user_id', '=', token.user_id)
    .where('client_id', '=', token.client_id)
    .executeTakeFirst();
  if (!approval) throw accessDenied('Resource owner revoked access for the client.', 'approval_revoked');
}
