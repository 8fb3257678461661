import { isUtf8 } from 'node:buffer';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { envelopeOf } from '../contract/envelope.ts';
import type { Contract, Handlers, Reply, RouteDeclaration } from '../contract/route.ts';
import { malformed } from '../problem/index.ts';
import type { Call, CallContext, Principal } from './call.ts';
import { mountDirectly } from './direct.ts';
import { metaOf } from './render.ts';
import type { HttpServer } from './server.ts';

/** Finds out who calls; refuses with a `Problem`. Runs before the body is read. */
export type Authenticate = (
  route: RouteDeclaration,
  request: FastifyRequest,
) => Promise<{ principal?: Principal; context?: Partial<CallContext> }>;

declare module 'fastify' {
  interface FastifyContextConfig {
    route?: RouteDeclaration;
  }
  interface FastifyRequest {
    caller?: { principal?: Principal; context?: Partial<CallContext> };
  }
}

type Handler = (input: never, call: Call) => Promise<unknown>;

/** Serves a contract: for every declared route validation, access, the response allow-list and its handler. */
export function mount<Routes extends Contract>(
  app: HttpServer,
  contract: Routes,
  handlers: Handlers<Routes>,
  authenticate: Authenticate,
): void {
  for (const [name, route] of Object.entries(contract)) {
    const handler = handlers[name] as unknown as Handler | undefined;
    if (!handler) throw new Error(`Route ${name} (${route.method} ${route.path}) has no handler.`);
    const common = { app, route, handler, authenticate };
    mountDirectly(common);
    mountOne({ ...common, operation_id: name, method: route.method, path: route.path });
    for (const [at, { method = route.method, path }] of (route.also ?? []).entries())
      mountOne({ ...common, operation_id: `${name}_also_${at + 1}`, method, path });
  }
}

type Mounted = {
  app: HttpServer;
  operation_id: string;
  route: RouteDeclaration;
  handler: Handler;
  authenticate: Authenticate;
  method: RouteDeclaration['method'];
  path: string;
};

function mountOne({ app, operation_id, route, handler, authenticate, method, path }: Mounted): void {
  app.route({
    method,
    url: path,
    config: { route },
    ...(route.body_limit_bytes ? { bodyLimit: route.body_limit_bytes } : {}),
    schema: {
      summary: route.summary,
      tags: [route.tag],
      operationId: operation_id,
      ...(path === route.path ? {} : { deprecated: true }),
      ...(route.description ? { description: route.description } : {}),
      ...(route.params ? { params: route.params } : {}),
      ...(route.query ? { querystring: route.query } : {}),
      ...(route.body ? { body: route.body } : {}),
      response: Object.fromEntries(statusesOf(route).map((status) => [status, envelopeOf(route)])),
    },
    onRequest: async (request) => {
      refuseUnstorableText(request);
      forgetTypeOfNothing(request.headers);
      request.caller = await authenticate(route, request);
    },
    handler: async (request, reply) => {
      const input = { params: request.params, query: request.query, body: request.body };
      const result = await handler(input as never, callOf(request));
      return send(route, request, reply, result);
    },
  });
}

/** No bytes are no body, whatever type a client says they have. */
function forgetTypeOfNothing(headers: FastifyRequest['headers']): void {
  const length = headers['content-length'] ?? '0';
  if (length === '0' && headers['transfer-encoding'] === undefined) delete headers['content-type'];
}

function statusesOf({ status = 200, also_statuses = [] }: RouteDeclaration): number[] {
  return [status, ...also_statuses];
}

function refuseUnstorableText({ url }: FastifyRequest): void {
  if (!url.includes('%')) return;
  if (/%00/.test(url)) throw malformed('The address holds a character that cannot be stored.', 'url_malformed');
  for (const [escapes] of url.matchAll(/(?:%[0-9a-f]{2})+/gi))
    if (!isUtf8(Buffer.from(escapes.replaceAll('%', ''), 'hex')))
      throw malformed('The address is not valid UTF-8.', 'utf8_malformed');
}

function callOf(request: FastifyRequest): Call {
  const principal = request.caller?.principal;
  return {
    request_id: request.id,
    ip: request.ip,
    log: request.log as Call['log'],
    principal: principal as Principal,
    headers: request.headers,
    context: {
      request_id: request.id,
      ...(principal ? { actor_id: principal.user_id, client_id: principal.client_id } : {}),
      ...request.caller?.context,
    },
  };
}

function send(route: RouteDeclaration, request: FastifyRequest, reply: FastifyReply, result: unknown): unknown {
  if (route.envelope === 'plain') {
    reply.code(route.status ?? 200);
    return result;
  }
  const { data, urgent, paging, status, headers } = result as Reply<RouteDeclaration>;
  const code = status ?? route.status ?? 200;
  // An answer without a schema would leave as it is, past the allow-list.
  if (!statusesOf(route).includes(code)) throw new Error(`${route.method} ${route.path} declares no answer ${code}.`);
  reply.code(code);
  if (headers) reply.headers(headers);
  return {
    meta: metaOf(request, Array.isArray(data) ? 'list' : 'object', code),
    data,
    ...(urgent === undefined ? {} : { urgent }),
    ...(paging === undefined ? {} : { paging }),
  };
}
