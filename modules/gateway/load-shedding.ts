import type { RouteDeclaration } from '@zdravo/kit/contract';
import type { Pressure } from '@zdravo/kit/metrics';
import { unavailable } from '@zdravo/kit/problem';
import type { FastifyInstance } from 'fastify';

/** What is given up first when the process cannot keep up: reading, then writing; signing and sign-in never. */
export type Rank = 'reading' | 'writing' | 'vital';

export type SheddingOptions = {
  /** Event loop delay from which reads are refused. */
  reading_delay_ms: number;
  /** From which everything but the vital is. */
  writing_delay_ms: number;
  /** Requests at once from which reads are refused; twice as many for writes. */
  reading_in_flight: number;
};

export const default_shedding: SheddingOptions = {
  reading_delay_ms: 500,
  writing_delay_ms: 2_000,
  reading_in_flight: 1_000,
};

/** A declaration that was approved must be signed, and whoever is out must get in: these are kept alive. */
export function rankOf(route: RouteDeclaration | undefined, method: string): Rank {
  if (!route) return 'vital';
  if (/\/actions\/(sign|approve)$/.test(route.path) || route.path.startsWith('/oauth/')) return 'vital';
  return method === 'GET' || method === 'HEAD' ? 'reading' : 'writing';
}

type Load = {
  pressure: Pressure;
  /** How many requests are open, with the one that just came. */
  inFlight(): number;
};

/** Refuses what can wait, with 503 and Retry-After, before it costs anything. */
export function shedLoad(
  app: FastifyInstance,
  { pressure, inFlight, options }: Load & { options: SheddingOptions },
): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const rank = rankOf(request.routeOptions.config?.route, request.method);
    if (!mustWait(rank, pressure.delay_ms(), inFlight(), options)) return done();
    done(unavailable('The service is busy. Come back shortly.', 2, 'overloaded'));
  });
  app.addHook('onClose', async () => pressure.stop());
}

function mustWait(rank: Rank, delay_ms: number, in_flight: number, options: SheddingOptions): boolean {
  if (rank === 'vital') return false;
  if (delay_ms > options.writing_delay_ms || in_flight > 2 * options.reading_in_flight) return true;
  return rank === 'reading' && (delay_ms > options.reading_delay_ms || in_flight > options.reading_in_flight);
}
