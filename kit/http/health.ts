import { unavailable } from '../problem/index.ts';
import type { HttpServer } from './server.ts';

/** Resolves when the process can serve; throws when it cannot. */
export type ReadinessCheck = () => Promise<void>;

/** `/health/live`: the process answers. `/health/ready`: its databases and neighbours do, too. */
export function healthRoutes(app: HttpServer, ready: ReadinessCheck): void {
  app.get('/health/live', { schema: { hide: true } }, async () => ({ status: 'ok' }));
  app.get('/health/ready', { schema: { hide: true } }, async () => {
    try {
      await ready();
    } catch (cause) {
      throw unavailable('Not ready to serve.', 5, 'not_ready', cause);
    }
    return { status: 'ok' };
  });
}
