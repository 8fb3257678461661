import type pg from 'pg';
import { type FigureSource, gauge } from './figures.ts';

/** How busy a module's pools are, each under its `application_name`, which PostgreSQL shows too. They answer while it does not. */
export function poolFigures(module: string, pools: readonly pg.Pool[]): FigureSource {
  const samples = (read: (pool: pg.Pool) => number) =>
    pools.map((pool) => ({ labels: { pool: pool.options.application_name ?? '(unnamed)' }, value: read(pool) }));
  return {
    name: `pools of ${module}`,
    read: () => [
      gauge(
        'database_pool_waiting',
        'Who waits for a connection',
        samples((pool) => pool.waitingCount),
      ),
      gauge(
        'database_pool_busy',
        'Connections in use',
        samples((pool) => pool.totalCount - pool.idleCount),
      ),
      gauge(
        'database_pool_size',
        'Connections at most',
        samples((pool) => pool.options.max),
      ),
    ],
  };
}
