import type { FastifyReply, FastifyRequest } from 'fastify';
import { isReferencePath } from './reference-paths.ts';

/** Answers are data: nothing may frame, sniff, cache or run them. Pages that are served beside set their own policy. */
export function setSecurityHeaders(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-content-type-options', 'nosniff');
  reply.header('referrer-policy', 'no-referrer');
  reply.header('x-frame-options', 'DENY');
  reply.header('strict-transport-security', 'max-age=31536000; includeSubDomains');
  if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  if (isReferencePath(request.url) && !reply.hasHeader('content-security-policy'))
    reply.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
}
