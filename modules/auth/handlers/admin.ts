import type { Handlers } from '@zdravo/kit/contract';
import type { Call } from '@zdravo/kit/http';
import { accessDenied, forbidden } from '@zdravo/kit/problem';
import { getClient, refreshSecret } from '../clients.ts';
import type { adminContract } from '../contract/admin.ts';
import type { AuthDeps } from '../deps.ts';
import { effectiveScope, findStanding, refuseEnded, refuseMissingBroker, type Standing } from '../principals.ts';
import { getRole, listClientTypes, listRoles } from '../role-list.ts';
import { listUserRoles } from '../roles.ts';
import { getUser } from '../users.ts';
import { viewUser } from './views.ts';

export function adminHandlers(deps: AuthDeps): Handlers<typeof adminContract> {
  return {
    verifyToken: async ({ params }, call) => {
      const standing = await getStanding(deps, params.value, call);
      return { data: viewStanding(standing, params.value) };
    },
    getTokenUser: async ({ params }, call) => {
      const standing = await getStanding(deps, params.value, call);
      const user = await getUser(deps, standing.user_id);
      const roles = await listUserRoles(deps, { user_id: user.id, client_id: standing.client_id });
      const views = roles.map((role) => ({ id: role.role_id, name: role.role_name, scope: role.scope.join(' ') }));
      return { data: viewUser(user), urgent: { roles: views, token: { expires_at: secondsOf(standing) } } };
    },
    getClientDetails: async ({ params }) => {
      const { id, name, redirect_uri, client_type_id, client_type, is_blocked } = await getClient(deps, params.id);
      return { data: { id, name, redirect_uri, client_type_id, client_type_name: client_type, is_blocked } };
    },
    refreshSecret: async ({ params }, call) => {
      if (params.id !== call.principal.client_id)
        throw forbidden('Only the secret of your own client can be refreshed.', 'client_foreign');
      const { id, name, secret, redirect_uri, ...client } = await refreshSecret(deps, params.id, call.context);
      const settings = { allowed_grant_types: client.allowed_grant_types };
      return { data: { id, name, secret, redirect_uri, settings, priv_settings: { access_type: client.access_type } } };
    },
    getUser: async ({ params }, call) => {
      refuseForeignAccount(params.id, call);
      return { data: viewUser(await getUser(deps, params.id)) };
    },
    listRoles: ({ query }) => listRoles(deps, query),
    getRole: async ({ params }) => ({ data: await getRole(deps, params.id) }),
    listClientTypes: ({ query }) => listClientTypes(deps, query),
    listOwnRoles: async ({ query }, call) => {
      const roles = await listUserRoles(deps, { user_id: call.principal.user_id, ...query });
      return { data: roles.map((role) => ({ ...role, scope: role.scope.join(' ') })) };
    },
  };
}

async function getStanding(deps: AuthDeps, token: string, call: Call): Promise<Standing> {
  const given = call.headers['api-key'];
  const api_key = typeof given === 'string' ? given : undefined;
  const standing = await findStanding(deps, { token, ...(api_key === undefined ? {} : { api_key }) });
  if (standing?.name !== 'access_token') throw accessDenied('Invalid access token', 'token_invalid');
  refuseEnded(deps, standing, 'Token expired or client approval was revoked.');
  refuseMissingBroker(standing, api_key);
  return standing;
}

function viewStanding(standing: Standing, value: string) {
  return {
    id: standing.id,
    name: standing.name,
    value,
    user_id: standing.user_id,
    consumer_id: standing.user_id,
    expires_at: secondsOf(standing),
    client_type: standing.client_type,
    broker_scope: standing.access_type === 'BROKER' ? (standing.broker_scope?.join(' ') ?? null) : null,
    details: {
      scope: effectiveScope(standing).join(' '),
      client_id: standing.client_id,
      grant_type: standing.grant_type,
      redirect_uri: standing.redirect_uri,
    },
  };
}

function secondsOf({ expires_at }: Standing): number {
  return Math.floor(Date.parse(expires_at) / 1_000);
}

function refuseForeignAccount(user_id: string, { principal }: Call): void {
  if (user_id === principal.user_id || principal.scopes.has('user:read')) return;
  throw forbidden('Your scope does not allow to access this resource. Missing allowances: user:read', 'scope_missing');
}
