import { randomUUID } from 'node:crypto';
import { accessDenied } from '@zdravo/kit/problem';
import type { Selectable } from 'kysely';
import { type AuthDeps, type AuthTransaction, after } from './deps.ts';
import { announceRevocation } from './revocations.ts';
import { hashSecret, newSecretText } from './secrets.ts';
import type { Tables } from './tables.ts';

export type Token = Selectable<Tables['auth.tokens']>;

export type TokenName =
  | 'authorization_code'
  | 'access_token'
  | 'refresh_token'
  | '2fa_access_token'
  | 'change_password_token';

export type NewToken = {
  name: TokenName;
  /** Absent for the first of a family. */
  family_id?: string;
  user_id: string;
  client_id: string;
  grant_type: string;
  scope: string[];
  redirect_uri: string | null;
  ttl_s: number;
  pending_phone?: string | null;
  /** Of a 2fa_access_token: what the second factor earns. */
  granted_name?: string;
};

export type IssuedToken = { token: Token; value: string };

/** Issues a token; its value is returned once and only its hash is kept. */
export async function issueToken(deps: AuthDeps, transaction: AuthTransaction, input: NewToken): Promise<IssuedToken> {
  const { ttl_s, ...columns } = input;
  const value = newSecretText();
  const token = await transaction
    .insertInto('auth.tokens')
    .values({
      ...columns,
      id: randomUUID(),
      family_id: input.family_id ?? randomUUID(),
      value_hash: hashSecret(value),
      issued_at: deps.clock.now().toISOString(),
      expires_at: after(deps.clock, ttl_s),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return { token, value };
}

/** The token by its value, of which only the hash is stored; also an expired one. */
export function findToken(deps: Pick<AuthDeps, 'db'>, value: string): Promise<Token | undefined> {
  return deps.db.selectFrom('auth.tokens').selectAll().where('value_hash', '=', hashSecret(value)).executeTakeFirst();
}

export function isExpired(deps: Pick<AuthDeps, 'clock'>, token: { expires_at: string }): boolean {
  return Date.parse(token.expires_at) <= deps.clock.now().getTime();
}

/**
 * Uses a single-use token up. @returns false when a rival was faster, which is not a replay: both had begun before
 * either was done.
 */
export async function useUp(deps: AuthDeps, transaction: AuthTransaction, token: Token): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable('auth.tokens')
    .set({ used_at: deps.clock.now().toISOString() })
    .where('id', '=', token.id)
    .where('used_at', 'is', null)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Ends every token that came of one sign-in or consent. */
export async function revokeFamily(deps: AuthDeps, family_id: string): Promise<void> {
  await deps.db.transaction().execute(async (transaction) => {
    await transaction
      .updateTable('auth.tokens')
      .set({ revoked_at: deps.clock.now().toISOString() })
      .where('family_id', '=', family_id)
      .where('revoked_at', 'is', null)
      .execute();
    await announceRevocation(transaction, { family_id });
  });
}

/** Ends a user's tokens: all of them, or those for one client. */
export async function revokeTokensOf(
  deps: Pick<AuthDeps, 'clock'>,
  transaction: AuthTransaction,
  owner: { user_id: string; client_id?: string },
): Promise<void> {
  let query = transaction
    .updateTable('auth.tokens')
    .set({ revoked_at: deps.clock.now().toISOString() })
    .where('user_id', '=', owner.user_id)
    .where('revoked_at', 'is', null);
  if (owner.client_id !== undefined) query = query.where('client_id', '=', owner.client_id);
  await query.execute();
  await announceRevocation(transaction, owner);
}

/** The token in `Authorization: Bearer …` of the login pages' own calls, of one of the allowed kinds and still good. */
export async function getHeldToken(
  deps: AuthDeps,
  authorization: string | string[] | undefined,
  allowed: readonly TokenName[],
): Promise<Token> {
  const value = typeof authorization === 'string' ? /^Bearer +(\S+)$/i.exec(authorization)?.[1] : undefined;
  if (!value) throw accessDenied('Authorization header required.', 'token_missing');
  const token = await findToken(deps, value);
  if (!token) throw accessDenied('Invalid token', 'token_invalid');
  if (!allowed.includes(token.name as TokenName)) throw accessDenied('Invalid token type', 'token_type_invalid');
  if (token.used_at || token.revoked_at || isExpired(deps, token)) throw accessDenied('Token expired', 'token_expired');
  return token;
}

export type TokenView = {
  id: string;
  name: string;
  value: string;
  expires_at: number;
  user_id: string;
  details: {
    scope: string;
    scope_request?: string;
    client_id: string;
    grant_type: string;
    redirect_uri: string | null;
    refresh_token?: string;
  };
};

/** A token as v2.0 clients know it; `expires_at` in seconds since 1970. */
export function viewToken({ token, value }: IssuedToken, refresh?: IssuedToken): TokenView {
  const scope = token.scope.join(' ');
  const waits = token.name === '2fa_access_token';
  return {
    id: token.id,
    name: token.name,
    value,
    expires_at: Math.floor(Date.parse(token.expires_at) / 1_000),
    user_id: token.user_id,
    details: {
      scope: waits ? '' : scope,
      ...(waits ? { scope_request: scope } : {}),
      client_id: token.client_id,
      grant_type: token.grant_type,
      redirect_uri: token.redirect_uri,
      ...(refresh ? { refresh_token: refresh.value } : {}),
    },
  };
}
