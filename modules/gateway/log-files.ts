import type { HttpServer } from '@zdravo/kit/http';
import { notFound } from '@zdravo/kit/problem';

/** Finds a public file of the transparency log by its path below `/log/`. */
export type FindLogFile = (
  path: string,
) => Promise<{ bytes: Uint8Array; content_type: string; cache_control: string } | undefined>;

/** Serves the transparency log's public files (c2sp.org/tlog-tiles); in production a static host or a CDN may do it. */
export function serveLogFiles(app: HttpServer, find: FindLogFile): void {
  app.get('/log/*', { schema: { hide: true } }, async (request, reply) => {
    const { '*': path } = request.params as { '*': string };
    const file = await find(path);
    if (!file) throw notFound();
    reply.type(file.content_type).header('cache-control', file.cache_control);
    return Buffer.from(file.bytes);
  });
}
