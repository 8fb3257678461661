import cors from '@fastify/cors';
import rateLimit from '@fastify/rate-limit';
import type { Contract, Handlers } from '@zdravo/kit/contract';
import { createHttpServer, type HttpServer, mount } from '@zdravo/kit/http';
import type { Logger } from '@zdravo/kit/log';
import { tooManyRequests } from '@zdravo/kit/problem';
import { accessControl, type FindPrincipal } from './access.ts';
import { healthRoutes, type ReadinessCheck } from './health.ts';
import { describeApi } from './openapi.ts';
import { isReferencePath } from './reference-paths.ts';

export type { FindPrincipal } from './access.ts';

/** A contract with its handlers, ready to be served. Made by `served`, which checks that they fit. */
export type Served = { mountOn(app: HttpServer, findPrincipal: FindPrincipal): void };

export function served<Routes extends Contract>(contract: Routes, handlers: Handlers<Routes>): Served {
  return { mountOn: (app, findPrincipal) => mount(app, contract, handlers, accessControl(findPrincipal)) };
}

export type GatewayOptions = {
  routes: readonly Served[];
  /** Turns a bearer token and an `API-key` into a principal. */
  findPrincipal: FindPrincipal;
  ready: ReadinessCheck;
  log: Logger;
  version: string;
  trusted_proxies?: string[];
};

const calls_per_minute = 9_000;

/** The public door: access, limits, CORS, health, the API's description. */
export async function createGateway(options: GatewayOptions): Promise<HttpServer> {
  const app = createHttpServer({
    log: options.log,
    styleOf: (url) => (isReferencePath(url) ? 'reference' : 'problem'),
    ...(options.trusted_proxies ? { trusted_proxies: options.trusted_proxies } : {}),
  });
  await app.register(cors, {
    origin: '*',
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: ['location', 'x-request-id', 'retry-after'],
    maxAge: 600,
  });
  await app.register(rateLimit, {
    max: (request) => request.routeOptions.config.route?.rate_limit_per_minute ?? calls_per_minute,
    timeWindow: '1 minute',
    keyGenerator: (request) =>
      `${request.ip} ${request.routeOptions.config.route?.rate_limit_per_minute ? request.routeOptions.url : ''}`,
    errorResponseBuilder: (_request, context) => tooManyRequests('Too many requests.', Math.ceil(context.ttl / 1_000)),
  });
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff');
    reply.header('referrer-policy', 'no-referrer');
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  });
  await describeApi(app, options.version);
  await app.register(async (scope) => {
    for (const one of options.routes) one.mountOn(scope as HttpServer, options.findPrincipal);
    healthRoutes(scope as HttpServer, options.ready);
  });
  return app;
}
