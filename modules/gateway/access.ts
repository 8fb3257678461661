import type { RouteDeclaration } from '@zdravo/kit/contract';
import type { Authenticate, Principal } from '@zdravo/kit/http';
import { accessDenied, forbidden } from '@zdravo/kit/problem';

/** Finds out whose token this is. @throws Problem 401 for a token that is unknown, expired or revoked. */
export type FindPrincipal = (credentials: { token: string; api_key?: string }) => Promise<Principal>;

/** Checks a route's declared access. Public routes ignore `Authorization`: login pages send any (domain.md, Corrections). */
export function accessControl(findPrincipal: FindPrincipal): Authenticate {
  return async (route, request) => {
    if (route.access.kind === 'public') return {};
    if (route.access.kind === 'internal') throw new Error(`${route.path} is internal and cannot be served publicly.`);
    const api_key = request.headers['api-key'];
    const principal = await findPrincipal({
      token: bearerToken(request.headers.authorization),
      ...(typeof api_key === 'string' ? { api_key } : {}),
    });
    refuseMissingScopes(route, principal);
    return { principal };
  };
}

function bearerToken(header: string | undefined): string {
  const token = /^Bearer +(\S+)$/i.exec(header ?? '')?.[1];
  if (!token) throw accessDenied("Authorization header is not set or doesn't contain Bearer token", 'token_missing');
  return token;
}

function refuseMissingScopes(route: RouteDeclaration, principal: Principal): void {
  if (route.access.kind !== 'scopes') return;
  const missing = route.access.scopes.filter((scope) => !principal.scopes.has(scope));
  if (missing.length === 0) return;
  const allowances = missing.join(', ');
  throw forbidden(
    `Your scope does not allow to access this resource. Missing allowances: ${allowances}`,
    'scope_missing',
  );
}
