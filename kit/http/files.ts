import type { FastifyReply } from 'fastify';
import { notFound, unavailable } from '../problem/index.ts';
import type { HttpServer } from './server.ts';

export type ServedFile = { bytes: Uint8Array; content_type: string; cache_control: string };

/** Finds a public file by its path below a prefix, without a leading slash. */
export type FindFile = (path: string) => Promise<ServedFile | undefined>;

/** Serves public files below a prefix: a log's (c2sp.org/tlog-tiles), its verifier page. A static host may do it as well. */
export function serveFilesBelow(app: HttpServer, prefix: string, find: FindFile): void {
  // The router takes `/verify/` for `/verify`; a page's relative addresses need the slash.
  app.get(prefix, { schema: { hide: true } }, async (request, reply) =>
    request.url.split('?')[0] === prefix ? reply.redirect(`${prefix}/`) : send(reply, await find('')),
  );
  app.get(`${prefix}/*`, { schema: { hide: true } }, async (request, reply) => {
    const { '*': path } = request.params as { '*': string };
    return send(reply, await find(path));
  });
}

function send(reply: FastifyReply, file: ServedFile | undefined): FastifyReply {
  if (!file) throw notFound();
  return reply.type(file.content_type).header('cache-control', file.cache_control).send(Buffer.from(file.bytes));
}

const plain_path = /^\w[\w.-]*(\/\w[\w.-]*)*$/;

/** The public files that another process serves below `base_url`; what it does not have is not found. */
export function filesAt(base_url: string, options: { timeout_ms?: number } = {}): FindFile {
  return async (path) => {
    // Anything else could leave the prefix.
    if (!plain_path.test(path) || path.includes('..')) return undefined;
    const response = await fetch(`${base_url}/${path}`, {
      redirect: 'error',
      signal: AbortSignal.timeout(options.timeout_ms ?? 10_000),
    }).catch((cause: unknown) => {
      throw unavailable('A neighbouring service is not reachable.', 5, 'neighbour_unreachable', cause);
    });
    if (response.status === 404) return undefined;
    if (!response.ok) throw unavailable('A neighbouring service failed.', 5, 'neighbour_failed');
    return {
      bytes: new Uint8Array(await response.arrayBuffer()),
      content_type: response.headers.get('content-type') ?? 'application/octet-stream',
      cache_control: response.headers.get('cache-control') ?? 'no-store',
    };
  };
}
