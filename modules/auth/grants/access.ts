import type { AuthDeps, AuthTransaction } from '../deps.ts';
import { issueToken, type Token } from '../tokens.ts';
import type { Granted } from './granted.ts';

/** An access token and its refresh token, in the family of the code. */
export async function issueAccess(
  deps: AuthDeps,
  transaction: AuthTransaction,
  from: Pick<Token, 'family_id' | 'user_id' | 'client_id' | 'scope' | 'redirect_uri'>,
): Promise<Granted> {
  const { family_id, user_id, client_id, scope, redirect_uri } = from;
  const common = { family_id, user_id, client_id, scope, redirect_uri, grant_type: 'authorization_code' };
  const { access_token_ttl_s, refresh_token_ttl_s } = deps.settings;
  const issued = await issueToken(deps, transaction, { ...common, name: 'access_token', ttl_s: access_token_ttl_s });
  const refresh = await issueToken(deps, transaction, { ...common, name: 'refresh_token', ttl_s: refresh_token_ttl_s });
  return { issued, refresh };
}
