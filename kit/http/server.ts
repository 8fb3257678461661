import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, LogController } from 'fastify';
import type { Logger } from '../log/index.ts';
import { notFound, Problem } from '../problem/index.ts';
import { learnAllowedMethods } from './allowed-methods.ts';
import { parseJsonBody } from './body.ts';
import { type RenderStyle, renderProblem } from './render.ts';
import { answerUnreadable } from './unreadable-request.ts';
import { validatorCompiler } from './validation.ts';

export type HttpServer = FastifyInstance;
export type HttpRequest = FastifyRequest;
export type HttpReply = FastifyReply;

export type HttpServerOptions = {
  log: Logger;
  /** How errors of a path are rendered: the reference's envelope or `application/problem+json`. */
  styleOf?: (url: string) => RenderStyle;
  /** Addresses of the proxies in front whose `X-Forwarded-For` is believed. */
  trusted_proxies?: string[];
};

export const default_body_limit_bytes = 1_048_576;
/** Ids of requests that are believed. */
export const request_id_pattern = /^[\w.:-]{8,128}$/;

/** A Fastify server that parses strictly, validates without coercing bodies and renders every error once. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const styleOf = options.styleOf ?? (() => 'problem');
  const app = Fastify({
    loggerInstance: options.log,
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: options.trusted_proxies ?? false,
    bodyLimit: default_body_limit_bytes,
    requestTimeout: 60_000,
    clientErrorHandler: answerUnreadable,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 2_000 },
    genReqId: (request) => {
      const given = request.headers['x-request-id'];
      return typeof given === 'string' && request_id_pattern.test(given) ? given : randomUUID();
    },
    frameworkErrors: (error, request, reply) => {
      renderProblem({ error, request, reply, style: styleOf(request.url) });
    },
  }) as unknown as HttpServer;
  app.setValidatorCompiler(validatorCompiler);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, parseJsonBody);
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
  app.setErrorHandler((error, request, reply) => {
    renderProblem({ error, request, reply, style: styleOf(request.url) });
  });
  const allowedMethods = learnAllowedMethods(app);
  app.setNotFoundHandler((request, reply) => {
    const allowed = allowedMethods(request.url);
    const error = allowed.length > 0 ? methodNotAllowed(request.method) : notFound();
    if (allowed.length > 0) reply.header('allow', allowed.join(', '));
    renderProblem({ error, request, reply, style: styleOf(request.url) });
  });
  return app;
}

/** RFC 9110 §15.5.6: the address is known, the method is not; `Allow` tells those that are. */
function methodNotAllowed(method: string): Problem {
  return new Problem({ status: 405, code: 'method_not_allowed', message: `This address does not take ${method}.` });
}
