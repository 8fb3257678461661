import type { HttpServer } from '@zdravo/kit/http';
import { notFound } from '@zdravo/kit/problem';

/** Finds a public file of the transparency log by its path below `/log/`. */
export type FindLogFile = (
  path: string,
) => Promise<{ bytes: Uint8Array; content_type: string; cache_control: string } | undefined>;

/** Serves public files below a prefix: the log's (c2sp.org/tlog-tiles), its verifier page. A static host may do it as well. */
export function serveFilesBelow(app: HttpServer, prefix: string, find: FindLogFile): void {
  app.get(`${prefix}/*`, { schema: { hide: true } }, async (request, reply) => {
    const { '*': path } = request.params as { '*': string };
    const file = await find(path);
    if (!file) throw notFound();
    reply.type(file.content_type).header('cache-control', file.cache_control);
    return Buffer.from(file.bytes);
  });
}
