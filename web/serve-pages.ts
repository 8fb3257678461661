import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { HttpServer } from '@zdravo/kit/http';
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

/** Serves the built pages: the same document at every page's path, and its hashed files, which never change. */
export async function mountPages(app: HttpServer, settings: PageSettings): Promise<void> {
  const folder = await buildPages();
  const document = await readFile(join(folder, 'index.html'));
  for (const path of pages)
    app.get(path, { schema: { hide: true } }, async (_request, reply) =>
      reply
        .headers({ 'content-security-policy': policy, 'cache-control': 'no-cache', 'referrer-policy': 'no-referrer' })
        .type('text/html; charset=utf-8')
        .send(document),
    );
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
