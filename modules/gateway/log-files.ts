import type { HttpServer } from '@zdravo/kit/http';
import { notFound } from '@zdravo/kit/problem';
import type { FastifyReply } from 'fastify';

type LogFile = { bytes: Uint8Array; content_type: string; cache_control: string };

/** Finds a public file of the transparency log by its path below `/log/`. */
export type FindLogFile = (path: string) => Promise<LogFile | undefined>;

/** Serves public files below a prefix: the log's (c2sp.org/tlog-tiles), its verifier page. A static host may do it as well. */
export function serveFilesBelow(app: HttpServer, prefix: string, find: FindLogFile): void {
  // The router takes `/verify/` for `/verify`; a page's relative addresses need the slash.
  app.get(prefix, { schema: { hide: true } }, async (request, reply) =>
    request.url.split('?')[0] === prefix ? reply.redirect(`${prefix}/`) : send(reply, await find('')),
  );
  app.get(`${prefix}/*`, { schema: { hide: true } }, async (request, reply) => {
    const { '*': path } = request.params as { '*': string };
    return send(reply, await find(path));
  });
}

function send(reply: FastifyReply, file: LogFile | undefined): FastifyReply {
  if (!file) throw notFound();
  return reply.type(file.content_type).header('cache-control', file.cache_control).send(Buffer.from(file.bytes));
}
