import type { IncomingMessage, ServerResponse } from 'node:http';

/** Lets pages of the given origins read the answer (Fetch standard, "CORS protocol"). */
export function allowOrigin(exchange: { origins: readonly string[]; req: IncomingMessage; res: ServerResponse }): void {
  const { origins, req, res } = exchange;
  const { origin } = req.headers;
  const any = origins.includes('*');
  if (!any) res.setHeader('vary', 'Origin');
  if (origin === undefined || !(any || origins.includes(origin))) return;
  res.setHeader('access-control-allow-origin', any ? '*' : origin);
  res.setHeader('access-control-expose-headers', 'etag, content-range, accept-ranges');
}

/** Preflights need no signature: they tell a browser only what it may try. */
export async function answerPreflight(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const asked = String(req.headers['access-control-request-headers'] ?? '');
  const allowed = asked.split(',').filter((name) => allowed_headers.test(name.trim()));
  res.statusCode = 204;
  res.setHeader('access-control-allow-methods', 'PUT, GET, HEAD');
  if (allowed.length > 0) res.setHeader('access-control-allow-headers', allowed.join(','));
  res.setHeader('access-control-max-age', '600');
  res.end();
}

const allowed_headers = /^(content-type|content-length|if-none-match|if-match|range|x-amz-[a-z0-9-]+)$/i;
