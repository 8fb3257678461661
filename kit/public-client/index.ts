import { type AnyInput, type RouteAddress, requestOf } from '../client/request.ts';
import type { Contract, RouteDeclaration, RouteInput, RouteOutput } from '../contract/route.ts';
import { type Invalid, Problem } from '../problem/index.ts';

// Runs in browsers: what it imports must neither reach the server's code nor the schemas.

export type RouteAddresses<Routes extends Contract> = { [Name in keyof Routes]: RouteAddress };

/** What an answer brings beside its body: clients are sent on by `Location`. */
export type PublicAnswer<Declaration extends RouteDeclaration> = RouteOutput<Declaration> & { location?: string };

/** A typed function per route, for a caller from outside: in a browser, with a token or without. */
export type PublicClient<Routes extends Contract> = {
  [Name in keyof Routes]: (input: RouteInput<Routes[Name]>, token?: string) => Promise<PublicAnswer<Routes[Name]>>;
};

/** A contract without its schemas, for a bundle that should not carry them. */
export function addressesOf<Routes extends Contract>(contract: Routes): RouteAddresses<Routes> {
  const addresses = Object.entries(contract).map(([name, { method, path }]) => [name, { method, path }]);
  return Object.fromEntries(addresses) as RouteAddresses<Routes>;
}

/**
 * The client of `reference` routes of the page's own origin. An answer outside 2xx is thrown as the `Problem` that the
 * server told, no answer at all as `unreachable`.
 */
export function createPublicClient<Routes extends Contract>(addresses: RouteAddresses<Routes>): PublicClient<Routes> {
  const calls = Object.entries(addresses).map(([name, address]) => [
    name,
    (input: AnyInput, token?: string) => call(address, input, token),
  ]);
  return Object.fromEntries(calls) as PublicClient<Routes>;
}

async function call(address: RouteAddress, input: AnyInput, token: string | undefined): Promise<unknown> {
  const { path, ...request } = requestOf(
    address,
    input,
    token === undefined ? {} : { authorization: `Bearer ${token}` },
  );
  const response = await fetch(path, request).catch((cause) => {
    throw new Problem({ status: 503, code: 'unreachable', message: 'There was no answer.', cause });
  });
  const body = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  if (!response.ok) throw problemOf(response, body);
  const location = response.headers.get('location');
  return location === null ? body : { ...body, location };
}

type ReferenceError = { code?: string; message?: string; invalid?: Invalid[] };

function problemOf(response: Response, { error = {} }: { error?: ReferenceError }): Problem {
  const retry_after = response.headers.get('retry-after');
  return new Problem({
    status: response.status,
    code: error.code ?? 'failed',
    message: error.message ?? 'The request failed.',
    ...(error.invalid ? { invalid: error.invalid } : {}),
    ...(retry_after === null ? {} : { retry_after_s: Number(retry_after) }),
  });
}
