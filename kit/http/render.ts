import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import type { Meta } from '../contract/envelope.ts';
import { Problem } from '../problem/index.ts';

export type RenderStyle = 'reference' | 'problem';

type Failure = { error: unknown; request: FastifyRequest; reply: FastifyReply; style: RenderStyle };

/** The one place where an error becomes an answer. */
export function renderProblem({ error, request, reply, style }: Failure): void {
  const problem = toProblem(error);
  if (problem.status >= 500) request.log.error({ err: error, req: request }, 'a request failed');
  if (problem.retry_after_s !== undefined) reply.header('retry-after', String(Math.ceil(problem.retry_after_s)));
  if (problem.status === 413) readAway(request, reply);
  reply.code(problem.status);
  if (style === 'reference') {
    reply.type('application/json; charset=utf-8').serializer(JSON.stringify).send(referenceBody(problem, request));
  } else {
    reply
      .type('application/problem+json; charset=utf-8')
      .serializer(JSON.stringify)
      .send(problemBody(problem, request));
  }
}

/** Who is still sending when the connection ends sees no answer: it stays, and the rest of the body goes nowhere. */
function readAway(request: FastifyRequest, reply: FastifyReply): void {
  reply.removeHeader('connection');
  request.raw.resume();
}

const by_framework_code: Record<string, [status: number, code: string, message: string]> = {
  FST_ERR_CTP_BODY_TOO_LARGE: [413, 'request_too_large', 'The body is larger than this route allows.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, 'media_type_unsupported', 'This route takes application/json.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [400, 'request_malformed', 'The body is not as long as announced.'],
  FST_ERR_BAD_URL: [400, 'url_malformed', 'The address is malformed.'],
  FST_ERR_MAX_PARAM_LENGTH: [414, 'url_too_long', 'The address is longer than any that is served here.'],
};

/** What a caller may know of an error; for what is no `Problem` nothing but that it happened. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { code = '', statusCode } = error as { code?: string; statusCode?: number };
  const known = by_framework_code[code];
  if (known) return new Problem({ status: known[0], code: known[1], message: known[2] });
  if (statusCode === 404) return new Problem({ status: 404, code: 'not_found', message: 'not_found' });
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new Problem({ status: statusCode, code: 'request_malformed', message: 'The request is malformed.' });
  return new Problem({ status: 500, code: 'internal_error', message: 'Internal server error.' });
}

const reference_types: Record<number, string> = {
  400: 'request_malformed',
  401: 'access_denied',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  409: 'request_conflict',
  413: 'request_too_large',
  414: 'request_malformed',
  415: 'media_type_unsupported',
  422: 'validation_failed',
  429: 'too_many_requests',
  503: 'unavailable',
};

function referenceBody(problem: Problem, request: FastifyRequest) {
  return {
    meta: metaOf(request, 'object', problem.status),
    error: {
      type: reference_types[problem.status] ?? 'internal_error',
      code: problem.code,
      message: problem.message,
      ...(problem.invalid ? { invalid: problem.invalid } : {}),
    },
  };
}

const idempotency_headers = ['x-idempotency-key', 'idempotency-key'];

/** The head of every reference answer; the key of a request that may be repeated comes back in it (domain.md §2.0). */
export function metaOf(request: FastifyRequest, type: 'object' | 'list', code: number): Static<typeof Meta> {
  const key = idempotency_headers.map((name) => request.headers[name]).find((value) => value !== undefined);
  const is_printable = typeof key === 'string' && /^[\x21-\x7e]{1,255}$/.test(key);
  return {
    url: publicUrl(request),
    type,
    code,
    request_id: request.id,
    ...(is_printable ? { idempotency_key: key } : {}),
  };
}

/** RFC 9457. */
function problemBody(problem: Problem, request: FastifyRequest) {
  return {
    type: 'about:blank',
    title: problem.message,
    status: problem.status,
    code: problem.code,
    request_id: request.id,
    ...(problem.invalid ? { invalid: problem.invalid } : {}),
  };
}

/** The path as the caller sees it, without its query: a query may name a person. */
export function publicUrl(request: FastifyRequest): string {
  const path = request.url.split('?')[0] ?? '/';
  return `${request.protocol}://${request.host}${path.replace(/(\/admin\/tokens\/)[^/]+(?=\/)/, '$1***')}`;
}
