import type { Principal } from '@zdravo/kit/http';
import { type Problem, tooManyRequests } from '@zdravo/kit/problem';
import type { FastifyReply, FastifyRequest, onRequestHookHandler, preParsingHookHandler } from 'fastify';
import { type Bucket, createSlidingWindow, type Take } from './sliding-window.ts';

export type Limits = {
  /** Calls of one user through one client. */
  calls_per_minute: number;
  /** Refused tokens from one address: beyond that it only costs us. High, since a MIS calls from one address for all its users. */
  refused_tokens_per_minute: number;
};

export const default_limits: Limits = { calls_per_minute: 9_000, refused_tokens_per_minute: 3_000 };

export type Limiter = {
  /** Before the token is looked at: routes with a limit of their own, and addresses that guess. */
  byAddress: onRequestHookHandler;
  /** After it: the consumer's own limit. */
  byConsumer: preParsingHookHandler;
  /** Counts an answer: only refused tokens matter. */
  countAnswer(request: FastifyRequest, status: number): void;
};

/**
 * Limits per minute, counted in this process. Every limited answer tells its bucket, and a refusal when to come back
 * (RateLimit header fields, draft-ietf-httpapi-ratelimit-headers-10).
 */
export function createLimiter(limits: Limits, now: () => number): Limiter {
  const routes = createSlidingWindow(60_000, now);
  const consumers = createSlidingWindow(60_000, now);
  const refusals = createSlidingWindow(60_000, now);
  const guessing: Bucket = { name: 'refused-tokens', limit: limits.refused_tokens_per_minute };
  const consumer: Bucket = { name: 'consumer', limit: limits.calls_per_minute };

  return {
    byAddress: (request, reply, done) => {
      const guesser = refusals.look(network(request.ip), guessing);
      if (!guesser.allowed) return done(refuse(reply, guessing, guesser));
      const per_minute = request.routeOptions.config?.route?.rate_limit_per_minute;
      if (per_minute === undefined) return done();
      const bucket = { name: 'route', limit: per_minute };
      done(check(reply, bucket, routes.take(`${network(request.ip)} ${request.routeOptions.url}`, bucket)));
    },
    byConsumer: (request, reply, _payload, done) => {
      const principal = request.caller?.principal;
      if (!principal) return done();
      done(check(reply, consumer, consumers.take(consumerKey(principal), consumer)) ?? null);
    },
    countAnswer: (request, status) => {
      if (status === 401) refusals.take(network(request.ip), guessing);
    },
  };
}

function check(reply: FastifyReply, bucket: Bucket, take: Take): Problem | undefined {
  if (!take.allowed) return refuse(reply, bucket, take);
  describe(reply, bucket, take);
  return undefined;
}

function refuse(reply: FastifyReply, bucket: Bucket, take: Take): Problem {
  describe(reply, bucket, take);
  return tooManyRequests(`Too many requests (${bucket.name}).`, take.reset_s, `limit_${bucket.name.replace('-', '_')}`);
}

function describe(reply: FastifyReply, { name, limit }: Bucket, { left, reset_s }: Take): void {
  reply.header('ratelimit-policy', `"${name}";q=${limit};w=60`);
  reply.header('ratelimit', `"${name}";r=${left};t=${reset_s}`);
}

function consumerKey({ client_id, user_id }: Principal): string {
  return `${client_id} ${user_id}`;
}

/** One holder of an IPv6 address has a /64 of them. */
function network(ip: string): string {
  if (!ip.includes(':') || ip.includes('.')) return ip;
  const [head = ''] = ip.split('::');
  const groups = head.split(':');
  return [...groups, '0', '0', '0', '0'].slice(0, 4).join(':');
}
