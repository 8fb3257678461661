import { timingSafeEqual } from 'node:crypto';
import { accessDenied } from '../problem/index.ts';
import type { CallContext } from './call.ts';
import type { Authenticate } from './mount.ts';

/** Names of the processes that may call a perimeter, with the secret of each. */
export type ServiceCallers = Record<string, string>;

/** Admits the named callers only; the actor, client and purpose that they pass on reach the handler's context. */
export function serviceAuthentication(callers: ServiceCallers): Authenticate {
  const secrets = new Map(Object.entries(callers).map(([name, secret]) => [name, Buffer.from(secret)]));
  return async (_route, request) => {
    const caller = header(request.headers['x-caller']);
    const secret = header(request.headers['authorization'])?.replace(/^Bearer /, '');
    const expected = caller === undefined ? undefined : secrets.get(caller);
    if (!expected || !secret || !sameText(expected, secret))
      throw accessDenied('This caller is not known here.', 'caller_unknown');
    return { context: passedContext(request.headers) };
  };
}

const context_headers = {
  actor_id: 'x-actor-id',
  client_id: 'x-client-id',
  client_type: 'x-client-type',
  purpose: 'x-purpose',
} as const;

/** The context as request headers, for the client side. */
export function contextHeaders(context: CallContext): Record<string, string> {
  const headers: Record<string, string> = { 'x-request-id': context.request_id };
  for (const [name, header_name] of Object.entries(context_headers)) {
    const value = context[name as keyof typeof context_headers];
    if (value !== undefined) headers[header_name] = value;
  }
  return headers;
}

function passedContext(headers: Record<string, string | string[] | undefined>): Partial<CallContext> {
  const context: Partial<CallContext> = {};
  for (const [name, header_name] of Object.entries(context_headers)) {
    const value = header(headers[header_name]);
    if (value !== undefined) context[name as keyof typeof context_headers] = value;
  }
  return context;
}

function header(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

/** In a time that does not tell where they differ; their length is no secret. */
function sameText(expected: Buffer, given: string): boolean {
  const bytes = Buffer.from(given);
  return bytes.length === expected.length && timingSafeEqual(bytes, expected);
}
