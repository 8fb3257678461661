import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { RouteDeclaration } from '@zdravo/kit/contract';
import { unavailable } from '@zdravo/kit/problem';
import type { FastifyInstance } from 'fastify';

/** What is given up first when the process cannot keep up: reading, then writing; signing and sign-in never. */
export type Rank = 'reading' | 'writing' | 'vital';

export type Pressure = {
  /** How long work waits for the event loop, milliseconds, over the last sample. */
  delay_ms(): number;
  stop(): void;
};

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

/**
 * The event loop's median delay, the lesser of the last two samples of `sample_ms`: one long computation, or a process
 * that is just starting, is not a load that lasts.
 */
export function watchEventLoop(sample_ms = 500): Pressure {
  const resolution_ms = 10;
  const histogram = monitorEventLoopDelay({ resolution: resolution_ms });
  histogram.enable();
  let last = 0;
  let before = 0;
  const timer = setInterval(() => {
    before = last;
    last = histogram.count === 0 ? 0 : Math.max(0, histogram.percentile(50) / 1e6 - resolution_ms);
    histogram.reset();
  }, sample_ms).unref();
  const stop = () => {
    clearInterval(timer);
    histogram.disable();
  };
  return { delay_ms: () => Math.min(last, before), stop };
}

/** Refuses what can wait, with 503 and Retry-After, before it costs anything. @returns how many requests are open. */
export function shedLoad(app: FastifyInstance, pressure: Pressure, options: SheddingOptions): { inFlight(): number } {
  let in_flight = 0;
  app.addHook('onRequest', (request, reply, done) => {
    in_flight += 1;
    reply.raw.once('close', () => {
      in_flight -= 1;
    });
    const rank = rankOf(request.routeOptions.config?.route, request.method);
    if (!mustWait(rank, pressure.delay_ms(), in_flight, options)) return done();
    done(unavailable('The service is busy. Come back shortly.', 2, 'overloaded'));
  });
  app.addHook('onClose', async () => pressure.stop());
  return { inFlight: () => in_flight };
}

function mustWait(rank: Rank, delay_ms: number, in_flight: number, options: SheddingOptions): boolean {
  if (rank === 'vital') return false;
  if (delay_ms > options.writing_delay_ms || in_flight > 2 * options.reading_in_flight) return true;
  return rank === 'reading' && (delay_ms > options.reading_delay_ms || in_flight > options.reading_in_flight);
}
