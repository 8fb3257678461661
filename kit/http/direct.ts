import { randomUUID } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { envelopeOf } from '../contract/envelope.ts';
import type { RouteDeclaration } from '../contract/route.ts';
import { malformed, Problem, unavailable } from '../problem/index.ts';
import { answerCopyOf } from './answer-copy.ts';
import { isStorable, parseJson } from './body.ts';
import type { Call } from './call.ts';
import { copyOnTerms } from './json-copy.ts';
import type { Authenticate } from './mount.ts';
import { toProblem } from './render.ts';
import { default_body_limit_bytes, type HttpServer, request_id_pattern } from './server.ts';
import { validatorCompiler } from './validation.ts';

/** A call as it would go over the wire: the headers say who calls and for whom. */
export type DirectInput = {
  params?: Record<string, unknown>;
  query?: Record<string, unknown>;
  body?: unknown;
  headers: Record<string, string>;
};
/** @throws Problem as the wire would have told it: without a cause, and a bare 500 for a bug. */
export type DirectRoute = (input: DirectInput) => Promise<unknown>;

type Handler = (input: never, call: Call) => Promise<unknown>;
type Mounted = { app: HttpServer; route: RouteDeclaration; handler: Handler; authenticate: Authenticate };

const served = new WeakMap<HttpServer, Map<RouteDeclaration, DirectRoute>>();

/** The direct way to a route of a server in this process, if there is one. */
export function directRoute(app: HttpServer, route: RouteDeclaration): DirectRoute | undefined {
  return served.get(app)?.get(route);
}

/**
 * Opens a way to a `plain` route for callers of the same process. All that HTTP would have done is done, with the same
 * functions: authentication, validation, refusal of what cannot be stored, size limit, response allow-list; only sockets,
 * streams and header lines are left out.
 */
export function mountDirectly(mounted: Mounted): void {
  const { app, route } = mounted;
  if (route.envelope !== 'plain') return;
  const routes = served.get(app) ?? openTo(app);
  // Compiled on first use: most routes of a module are never called from inside.
  routes.set(route, (input) => {
    const opened = openRoute(mounted);
    routes.set(route, opened);
    return opened(input);
  });
}

function openTo(app: HttpServer): Map<RouteDeclaration, DirectRoute> {
  const routes = new Map<RouteDeclaration, DirectRoute>();
  served.set(app, routes);
  app.addHook('preClose', async () => {
    for (const route of routes.keys()) routes.set(route, refuseClosed);
  });
  return routes;
}

async function refuseClosed(): Promise<never> {
  throw unavailable('The process is stopping.', 5, 'stopping');
}

function openRoute({ app, route, handler, authenticate }: Mounted): DirectRoute {
  const check = checks(route);
  const asAnswered = allowList(app, route);
  return async ({ headers, ...given }) => {
    const request_id = requestIdOf(headers['x-request-id']);
    try {
      const caller = await authenticate(route, { headers } as unknown as FastifyRequest);
      const input = check(given);
      const call = callOf(app, request_id, headers, caller);
      return asAnswered(await handler(input as never, call));
    } catch (error) {
      throw asTold(app, request_id, route, error);
    }
  };
}

function requestIdOf(given: string | undefined): string {
  return given !== undefined && request_id_pattern.test(given) ? given : randomUUID();
}

function callOf(
  app: HttpServer,
  request_id: string,
  headers: Call['headers'],
  caller: Awaited<ReturnType<Authenticate>>,
): Call {
  const { principal, context } = caller;
  return {
    request_id,
    ip: '127.0.0.1',
    get log() {
      return app.log.child({ reqId: request_id }) as Call['log'];
    },
    principal: principal!,
    headers,
    context: { request_id, ...context },
  };
}

type Part = (value: unknown) => unknown;

function checks(route: RouteDeclaration): (given: Omit<DirectInput, 'headers'>) => Record<string, unknown> {
  const params = partOf(route.params, 'params');
  const query = partOf(route.query, 'querystring');
  const body = partOf(route.body, 'body');
  const limit = route.body_limit_bytes ?? default_body_limit_bytes;
  return (given) => {
    // As over the wire: what an address cannot carry is refused before anything is validated.
    const address = { params: textsOf(given.params ?? {}), query: addressedQuery(given.query ?? {}) };
    const accepted_params = params(address.params);
    const accepted_body = body(given.body === undefined ? undefined : copyOf(given.body, limit));
    return { params: accepted_params, body: accepted_body, query: query(address.query) };
  };
}

function partOf(schema: object | undefined, httpPart: 'params' | 'querystring' | 'body'): Part {
  if (!schema) return (value) => value;
  const validate = validatorCompiler({ schema, httpPart, method: '', url: '' } as never);
  return (value) => {
    const result = validate(value) as { value?: unknown; error?: Error };
    if (result.error) throw result.error;
    return result.value;
  };
}

function textsOf(params: Record<string, unknown>): Record<string, string> {
  const texts = Object.entries(params).map(([name, value]) => [name, String(value)] as const);
  for (const [, text] of texts) refuseNul(text);
  return Object.fromEntries(texts);
}

/** What an address would carry: texts, and nothing for what is undefined. */
function addressedQuery(query: Record<string, unknown>): Record<string, string | string[]> {
  const addressed: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    const texts = [value].flat().map(String);
    for (const text of texts) refuseNul(text);
    if (texts.length > 0) addressed[name] = texts.length === 1 ? texts[0]! : texts;
  }
  return addressed;
}

function refuseNul(text: string): void {
  if (text.includes('\u0000')) throw malformed('The address holds a character that cannot be stored.', 'url_malformed');
}

/** The callee's own copy, read as strictly as one that came over the wire. */
function copyOf(body: unknown, limit_bytes: number): unknown {
  const copy = copyOnTerms(body, { takesText: isStorable, bytes_left: limit_bytes });
  return copy === undefined ? copyThroughText(body, limit_bytes) : copy;
}

function copyThroughText(body: unknown, limit_bytes: number): unknown {
  const text = JSON.stringify(body);
  if (text.length > limit_bytes || Buffer.byteLength(text) > limit_bytes)
    throw new Problem({
      status: 413,
      code: 'request_too_large',
      message: 'The body is larger than this route allows.',
    });
  return parseJson(text);
}

/** Declared members only, as the server's serialiser writes them; it is asked for all that is no plain copy. */
function allowList(app: HttpServer, route: RouteDeclaration): Part {
  const schema = envelopeOf(route);
  const httpStatus = String(route.status ?? 200);
  const serialise = app.serializerCompiler!({ schema, httpStatus, method: route.method, url: route.path } as never);
  const copyOfAnswer = answerCopyOf(schema);
  return (result) => (result === undefined ? undefined : (copyOfAnswer?.(result) ?? JSON.parse(serialise(result))));
}

/** What the other side of a wire learns of an error; what it does not learn is logged here. */
function asTold(app: HttpServer, request_id: string, { method, path }: RouteDeclaration, error: unknown): Problem {
  const problem = toProblem(error);
  if (problem.status >= 500)
    app.log.error({ err: error, req: { id: request_id, method, routeOptions: { url: path } } }, 'a request failed');
  const { status, code, message, invalid, retry_after_s } = problem;
  return new Problem({
    status,
    code,
    message,
    ...(invalid ? { invalid } : {}),
    ...(retry_after_s === undefined ? {} : { retry_after_s: Math.ceil(retry_after_s) }),
  });
}
