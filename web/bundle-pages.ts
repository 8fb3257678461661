import { join } from 'node:path';
import { build } from 'vite';

// node web/bundle-pages.ts FOLDER ADDRESSES: bundles the pages into FOLDER, with the routes' addresses (JSON) put in.

const [folder, page_route_addresses] = process.argv.slice(2);
if (!folder || !page_route_addresses) throw new Error('The folder and the addresses of the routes are due.');

await build({
  configFile: join(import.meta.dirname, 'vite.config.ts'),
  logLevel: 'warn',
  define: { page_route_addresses },
  build: { outDir: folder, emptyOutDir: true },
});
