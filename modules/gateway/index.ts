import cors from '@fastify/cors';
import type { Contract, Handlers } from '@zdravo/kit/contract';
import {
  createHttpServer,
  type FindFile,
  type HttpServer,
  healthRoutes,
  mount,
  type ReadinessCheck,
  serveFilesBelow,
} from '@zdravo/kit/http';
import type { Logger } from '@zdravo/kit/log';
import {
  type FigureSource,
  measureRequests,
  type Pressure,
  processFigures,
  serveMetrics,
  watchEventLoop,
} from '@zdravo/kit/metrics';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { accessControl, type FindPrincipal } from './access.ts';
import { createLimiter, default_limits, type Limits } from './limits.ts';
import { default_shedding, type SheddingOptions, shedLoad } from './load-shedding.ts';
import { describeApi } from './openapi.ts';
import { isReferencePath } from './reference-paths.ts';
import { setSecurityHeaders } from './security-headers.ts';
import type { GatewayStore } from './store.ts';

export type { FindPrincipal } from './access.ts';
export { type AccessMismatch, findAccessMismatches, type Holder, type Knock } from './access-matrix.ts';
export { default_limits, type Limits } from './limits.ts';
export type { SheddingOptions } from './load-shedding.ts';
export { isReferencePath } from './reference-paths.ts';
export { createGatewayStore, type GatewayStore, type GatewayStoreOptions, migrations } from './store.ts';

/** A contract with its handlers, ready to be served. Made by `served`, which checks that they fit. */
export type Served = { mountOn(app: HttpServer, findPrincipal: FindPrincipal): void };

/** Puts a contract and its handlers together; that they fit is checked by the compiler. */
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
  /** Remembers answers for retries and who called; without it (tests) neither is done. */
  store?: GatewayStore;
  /** Opens `/metrics` to its holder. */
  metrics_token?: string;
  /** What the modules behind this door tell there. */
  figures?: readonly FigureSource[];
  /** Public files of the transparency log, served below `/log/`. */
  log_files?: FindFile;
  /** The page that verifies receipts, served below `/verify/`. */
  verifier_files?: FindFile;
  limits?: Partial<Limits>;
  shedding?: Partial<SheddingOptions>;
  /** For tests; the event loop of this process otherwise. */
  pressure?: Pressure;
  trusted_proxies?: string[];
};

/** The public door: access, limits, retries, CORS, health, metrics, the API's description. */
export async function createGateway(options: GatewayOptions): Promise<HttpServer> {
  const app = createHttpServer({
    log: options.log,
    styleOf: (url) => (isReferencePath(url) ? 'reference' : 'problem'),
    ...(options.trusted_proxies ? { trusted_proxies: options.trusted_proxies } : {}),
  });
  await openToBrowsers(app);
  const shedding = { ...default_shedding, ...options.shedding };
  const pressure = options.pressure ?? watchEventLoop();
  const requests = measureRequests(app);
  shedLoad(app, { pressure, inFlight: requests.inFlight, options: shedding });
  limitCalls(app, { ...default_limits, ...options.limits });
  if (options.store) rememberAnswers(app, options.store);
  app.addHook('onSend', (request, reply, payload, done) => {
    setSecurityHeaders(request, reply);
    done(null, payload);
  });
  const sources = [requests, processFigures(pressure), ...(options.store?.figures ?? []), ...(options.figures ?? [])];
  serveMetrics(app, { token: options.metrics_token, sources, log: options.log });
  app.addHook('onResponse', (request, reply, done) => {
    options.store?.record.note(request, reply);
    done();
  });
  await describeApi(app, options.version);
  await app.register(async (scope) => {
    for (const one of options.routes) one.mountOn(scope as HttpServer, options.findPrincipal);
    if (options.log_files) serveFilesBelow(scope as HttpServer, '/log', options.log_files);
    if (options.verifier_files) serveFilesBelow(scope as HttpServer, '/verify', options.verifier_files);
    healthRoutes(scope as HttpServer, readyUntilClosed(app, options.ready));
  });
  return app;
}

async function openToBrowsers(app: HttpServer): Promise<void> {
  await app.register(cors, {
    origin: '*',
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: [
      'location',
      'x-request-id',
      'retry-after',
      'ratelimit',
      'ratelimit-policy',
      'idempotency-replayed',
      'preference-applied',
    ],
    maxAge: 600,
    // `OPTIONS` of something that is no browser is answered, too.
    strictPreflight: false,
  });
}

function limitCalls(app: HttpServer, limits: Limits): void {
  const limiter = createLimiter(limits, () => performance.now());
  app.addHook('onRequest', limiter.byAddress);
  app.addHook('preParsing', limiter.byConsumer);
  app.addHook('onResponse', (request, reply, done) => {
    limiter.countAnswer(request, reply.statusCode);
    done();
  });
}

function rememberAnswers(app: HttpServer, { idempotency }: GatewayStore): void {
  const begin = async (request: FastifyRequest, reply: FastifyReply) => {
    if (await idempotency.begin(request, reply)) return reply;
  };
  const finish = async (request: FastifyRequest, reply: FastifyReply, payload: unknown) => {
    await idempotency.finish(request, reply, payload);
    return payload;
  };
  // Most requests bear no key, and a promise for each of them costs more than the look.
  app.addHook('preHandler', (request, reply, done) => (idempotency.concerns(request) ? begin(request, reply) : done()));
  app.addHook('onSend', (request, reply, payload, done) =>
    idempotency.concerns(request) ? finish(request, reply, payload) : done(null, payload),
  );
}

/** A process that is stopping still answers what has begun, but is no longer offered more. */
function readyUntilClosed(app: HttpServer, ready: ReadinessCheck): ReadinessCheck {
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
  });
  return async () => {
    if (closing) throw new Error('the process is stopping');
    await ready();
  };
}
