import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpServer } from '@zdravo/kit/http';

export type MediaHandler = (req: IncomingMessage, res: ServerResponse) => void;

/** Serves the handler under a path of an HTTP server; bodies pass as streams, unread by the server. */
export async function mountMedia(app: HttpServer, prefix: string, handler: MediaHandler): Promise<void> {
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _body, done) => done(null));
    scope.route({
      method: ['PUT', 'GET', 'HEAD', 'DELETE'],
      url: `${prefix}/*`,
      exposeHeadRoute: false,
      handler: (request, reply) => {
        reply.hijack();
        handler(request.raw, reply.raw);
      },
    });
  });
}
