import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { HttpReply, HttpRequest, HttpServer } from '@zdravo/kit/http';
import { buildPages } from './build-pages.ts';
import type { PageSettings } from './settings.ts';

export { buildPages } from './build-pages.ts';
export type { PageSettings } from './settings.ts';

const types: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** Scripts and requests of this origin only; styles also inline, because the component library writes its variables so. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const pages = ['/', '/sign-in', '/invite', '/recover', '/api/docs'];

/**
 * Serves the built pages: the same document at every page's path, and its hashed files, which never change.
 * @param isForPrograms tells paths below which even a browser gets data, also when there is nothing.
 */
export async function mountPages(
  app: HttpServer,
  settings: PageSettings,
  isForPrograms: (url: string) => boolean,
): Promise<void> {
  const folder = await buildPages();
  const document = await readFile(join(folder, 'index.html'));
  const send = (reply: HttpReply) =>
    reply
      .headers({ 'content-security-policy': policy, 'cache-control': 'no-cache', 'referrer-policy': 'no-referrer' })
      .type('text/html; charset=utf-8')
      .send(document);
  for (const path of pages) app.get(path, { schema: { hide: true } }, async (_request, reply) => send(reply));
  app.addHook('preHandler', async (request, reply) => {
    if (request.is404 && wantsPage(request) && !isForPrograms(request.url)) return send(reply.code(404));
  });
  app.get('/pages/settings.json', { schema: { hide: true } }, async () => settings);
  app.get<{ Params: { file: string } }>('/pages/assets/:file', { schema: { hide: true } }, async (request, reply) => {
    const { file } = request.params;
    const bytes = /^[\w.-]+$/.test(file)
      ? await readFile(join(folder, 'assets', file)).catch(() => undefined)
      : undefined;
    if (!bytes) return reply.code(404).send();
    return reply
      .header('cache-control', 'public, max-age=31536000, immutable')
      .type(types[extname(file)] ?? 'application/octet-stream')
      .send(bytes);
  });
}

/** A person who followed a link, by what browsers say of themselves; programs take anything, and that is none. */
function wantsPage({ method, headers }: HttpRequest): boolean {
  return (method === 'GET' || method === 'HEAD') && (headers.accept ?? '').includes('text/html');
}
