import type { Principal } from '@zdravo/kit/http';
import { accessDenied } from '@zdravo/kit/problem';
import { sql } from 'kysely';
import type { AuthDeps } from './deps.ts';
import { intersect } from './scopes.ts';
import { hashSecret } from './secrets.ts';

export type Credentials = { token: string; api_key?: string };

/** A token as it stands now, with everything that decides whether it holds. */
export type Standing = {
  id: string;
  name: string;
  family_id: string;
  user_id: string;
  client_id: string;
  client_type: string;
  grant_type: string;
  redirect_uri: string | null;
  scope: string[];
  expires_at: string;
  ended: boolean;
  user_blocked: boolean;
  client_blocked: boolean;
  approved: boolean;
  password_set_at: string | null;
  access_type: string;
  client_type_scope: string[];
  role_scope: string[];
  broker_id: string | null;
  broker_scope: string[] | null;
};

/** Everything about a token and the broker's key in one round trip. */
export async function findStanding(
  deps: Pick<AuthDeps, 'db'>,
  { token, api_key }: Credentials,
): Promise<Standing | undefined> {
  const key_hash = api_key === undefined ? null : hashSecret(api_key);
  const { rows } = await sql<Standing>`
    select t.id, t.name, t.family_id, t.user_id, t.client_id, ct.name as client_type, t.grant_type, t.redirect_uri,
      t.scope, t.expires_at, t.used_at is not null or t.revoked_at is not null as ended,
      u.is_blocked as user_blocked, c.is_blocked as client_blocked, u.password_set_at, c.access_type,
      ct.scope as client_type_scope, b.id as broker_id, b.broker_scope,
      exists (select from auth.apps a where a.user_id = t.user_id and a.client_id = t.client_id) as approved,
      array(select distinct s from auth.user_roles ur join auth.roles r on r.id = ur.role_id, unnest(r.scope) s
        where ur.user_id = t.user_id and (ur.client_id = t.client_id or ur.client_id is null)) as role_scope
    from auth.tokens t
    join auth.users u on u.id = t.user_id
    join auth.clients c on c.id = t.client_id
    join auth.client_types ct on ct.id = c.client_type_id
    left join auth.clients b on b.secret_hash = ${key_hash}::bytea and b.broker_scope is not null and not b.is_blocked
    where t.value_hash = ${hashSecret(token)}`.execute(deps.db);
  return rows[0];
}

/** Refuses what no longer holds. The message is the one that v2.0 clients know; the code tells the cause. */
export function refuseEnded(deps: Pick<AuthDeps, 'clock' | 'settings'>, standing: Standing, message: string): void {
  const now = deps.clock.now().getTime();
  const refuse = (code: string) => accessDenied(message, code);
  if (standing.ended) throw refuse('token_revoked');
  if (Date.parse(standing.expires_at) <= now) throw refuse('token_expired');
  if (standing.user_blocked) throw refuse('user_blocked');
  if (standing.client_blocked) throw refuse('client_blocked');
  if (isByConsent(standing) && !standing.approved) throw refuse('approval_revoked');
  if (passwordExpiresAt(deps, standing) <= now) throw refuse('password_expired');
}

/** The broker rule (domain.md §2.2): clients that live behind a MIS need its key. */
export function refuseMissingBroker(standing: Standing, api_key: string | undefined): void {
  if (standing.access_type !== 'BROKER') return;
  if (api_key === undefined || api_key === '') throw accessDenied('API-KEY header required.', 'api_key_missing');
  if (!standing.broker_id) throw accessDenied('API-KEY header is invalid.', 'api_key_invalid');
}

/**
 * What the token may do now: what was consented to, as far as the client's type, the user's roles for that client and
 * the broker's cap still allow.
 */
export function effectiveScope(standing: Standing): string[] {
  const by_type = intersect(standing.scope, standing.client_type_scope);
  const by_role = isByConsent(standing) ? intersect(by_type, standing.role_scope) : by_type;
  if (standing.access_type !== 'BROKER') return by_role;
  return intersect(by_role, standing.broker_scope ?? []);
}

/** Tokens of the login pages come from a password and need no approval; all others do. */
function isByConsent(standing: Standing): boolean {
  return standing.grant_type === 'authorization_code';
}

function passwordExpiresAt({ settings }: Pick<AuthDeps, 'settings'>, { password_set_at }: Standing): number {
  if (password_set_at === null) return 0;
  return Date.parse(password_set_at) + settings.password_expiry_days * 86_400_000;
}

type Remembered = { principal: Principal; standing: Standing; ends_at: number };

const most_remembered = 50_000;
const longest_ms = 60_000;

/**
 * Turns a bearer token and an API-key into a principal. What was read once is remembered until a revocation is heard
 * of, at most a minute; while none can be heard of, everything is read anew.
 */
export function createPrincipalFinder(deps: AuthDeps): (credentials: Credentials) => Promise<Principal> {
  const { revocations, clock } = deps;
  const remembered = new Map<string, Remembered>();

  revocations.onRevoked((revoked) => {
    const { user_id, client_id, family_id } = revoked;
    if (!user_id && !client_id && !family_id) return remembered.clear();
    for (const [key, { standing }] of remembered) {
      if (user_id && standing.user_id !== user_id) continue;
      if (family_id && standing.family_id !== family_id) continue;
      if (client_id && standing.client_id !== client_id && standing.broker_id !== client_id) continue;
      remembered.delete(key);
    }
  });

  function remember(key: string, generation: number, standing: Standing, principal: Principal): void {
    if (generation !== revocations.generation() || !revocations.trustworthy()) return;
    if (remembered.size >= most_remembered) remembered.delete(remembered.keys().next().value!);
    const ends_at = Math.min(
      Date.parse(standing.expires_at),
      passwordExpiresAt(deps, standing),
      clock.now().getTime() + longest_ms,
    );
    remembered.set(key, { principal, standing, ends_at });
  }

  return async ({ token, api_key }) => {
    const key = `${token} ${api_key ?? ''}`;
    const known = revocations.trustworthy() ? remembered.get(key) : undefined;
    if (known && known.ends_at > clock.now().getTime()) return known.principal;
    const generation = revocations.generation();
    const standing = await findStanding(deps, { token, ...(api_key === undefined ? {} : { api_key }) });
    if (standing?.name !== 'access_token') throw accessDenied('Invalid access token', 'token_invalid');
    refuseEnded(deps, standing, 'Invalid access token');
    refuseMissingBroker(standing, api_key);
    const principal = toPrincipal(standing);
    remember(key, generation, standing, principal);
    return principal;
  };
}

function toPrincipal(standing: Standing): Principal {
  return {
    user_id: standing.user_id,
    client_id: standing.client_id,
    client_type: standing.client_type,
    scopes: new Set(effectiveScope(standing)),
    ...(standing.access_type === 'BROKER' && standing.broker_id ? { broker_id: standing.broker_id } : {}),
  };
}
