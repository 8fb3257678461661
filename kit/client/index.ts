import type { Contract, RouteDeclaration, RouteInput, RouteOutput } from '../contract/route.ts';
import type { CallContext } from '../http/call.ts';
import { type DirectRoute, directRoute } from '../http/direct.ts';
import type { HttpServer } from '../http/server.ts';
import { contextHeaders } from '../http/service-authentication.ts';
import { type Invalid, Problem } from '../problem/index.ts';
import { type AnyInput, requestOf, type WireRequest } from './request.ts';

export type { WireRequest } from './request.ts';
export type WireResponse = { status: number; body: string; headers: Record<string, string> };
/** Carries a request to the other side: in this process or over HTTP. */
export type Transport = {
  (request: WireRequest): Promise<WireResponse>;
  /** A shorter way to a route of this process. */
  direct?(route: RouteDeclaration): DirectRoute | undefined;
};

/** A typed function per route of a contract. An answer outside 2xx is thrown as the `Problem` that the callee threw. */
export type Client<Routes extends Contract> = {
  [Name in keyof Routes]: (input: RouteInput<Routes[Name]>, context: CallContext) => Promise<RouteOutput<Routes[Name]>>;
};

export type Credentials = { caller: string; secret: string };

/** The client of a contract over a transport, with this caller's credentials. */
export function createClient<Routes extends Contract>(
  contract: Routes,
  transport: Transport,
  credentials: Credentials,
): Client<Routes> {
  const calls = Object.entries(contract).map(([name, route]) => [
    name,
    (input: AnyInput, context: CallContext) => call(route, transport, credentials, input, context),
  ]);
  return Object.fromEntries(calls) as Client<Routes>;
}

/**
 * Calls a server of this process. Authentication, validation, refusals and the response allow-list are those of HTTP; routes
 * with the reference's envelope go through the whole stack.
 */
export function inProcessTransport(app: HttpServer): Transport {
  const carry: Transport = async ({ method, path, headers, body }) => {
    const response = await app.inject({
      method: method as 'GET',
      url: path,
      headers,
      ...(body === undefined ? {} : { payload: body }),
    });
    return { status: response.statusCode, body: response.body, headers: response.headers as Record<string, string> };
  };
  carry.direct = (route) => directRoute(app, route);
  return carry;
}

/** Calls a server over HTTP with a time limit. */
export function httpTransport(base_url: string, options: { timeout_ms?: number } = {}): Transport {
  return async ({ method, path, headers, body }) => {
    try {
      const response = await fetch(new URL(path, base_url), {
        method,
        headers,
        signal: AbortSignal.timeout(options.timeout_ms ?? 10_000),
        ...(body === undefined ? {} : { body }),
      });
      return { status: response.status, body: await response.text(), headers: Object.fromEntries(response.headers) };
    } catch (cause) {
      throw new Problem({
        status: 503,
        code: 'neighbour_unreachable',
        message: 'A neighbouring service is not reachable.',
        retry_after_s: 5,
        cause,
      });
    }
  };
}

async function call(
  route: RouteDeclaration,
  transport: Transport,
  credentials: Credentials,
  input: AnyInput,
  context: CallContext,
): Promise<unknown> {
  const headers = {
    ...contextHeaders(context),
    'x-caller': credentials.caller,
    authorization: `Bearer ${credentials.secret}`,
  };
  const direct = transport.direct?.(route);
  if (direct) return direct({ ...input, headers });
  const response = await transport(requestOf(route, input, headers));
  if (response.status < 200 || response.status > 299) throw toProblem(response);
  return response.body === '' ? undefined : JSON.parse(response.body);
}

function toProblem(response: WireResponse): Problem {
  const body = parseProblem(response.body);
  return new Problem({
    status: response.status,
    code: body.code ?? 'neighbour_failed',
    message: body.title ?? 'A neighbouring service failed.',
    ...(body.invalid ? { invalid: body.invalid } : {}),
    ...(response.headers['retry-after'] ? { retry_after_s: Number(response.headers['retry-after']) } : {}),
  });
}

function parseProblem(text: string): { code?: string; title?: string; invalid?: Invalid[] } {
  try {
    return JSON.parse(text) as { code?: string; title?: string; invalid?: Invalid[] };
  } catch {
    return {};
  }
}
