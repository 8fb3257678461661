import { createHash, timingSafeEqual } from 'node:crypto';
import type { HttpServer } from '../http/index.ts';
import type { Logger } from '../log/index.ts';
import { notFound } from '../problem/index.ts';
import { type Figure, type FigureSource, figuresText, gauge } from './figures.ts';

export type MetricsOptions = {
  /** Opens `/metrics` to whoever bears it; without one the path does not exist. */
  token: string | undefined;
  sources: readonly FigureSource[];
  log: Logger;
  /** How long one source is waited for; the others are told without it. */
  patience_ms?: number;
};

/** Prometheus metrics at `/metrics`, only for whoever holds the token. */
export function serveMetrics(app: HttpServer, { token, sources, log, patience_ms = 3_000 }: MetricsOptions): void {
  if (token === undefined) return;
  const expected = digest(`Bearer ${token}`);
  const readings = sources.map((source) => ({ source: source.name, figures: readOnceAtATime(source, patience_ms) }));
  app.get('/metrics', { schema: { hide: true } }, async (request, reply) => {
    if (!timingSafeEqual(expected, digest(request.headers.authorization ?? ''))) throw notFound();
    const told = await Promise.all(readings.map((one) => tellOf(one, log)));
    const up = told.map(({ source, figures }) => ({ labels: { source }, value: Number(figures !== undefined) }));
    reply.type('text/plain; version=0.0.4; charset=utf-8');
    return figuresText([
      ...told.flatMap(({ figures = [] }) => figures),
      gauge('metrics_source_up', 'Whether this part of the process told its figures', up),
    ]);
  });
}

type Reading = { source: string; figures: () => Promise<readonly Figure[]> };

/** A database that does not answer takes its own figures away, not those that tell why. */
async function tellOf({ source, figures }: Reading, log: Logger) {
  try {
    return { source, figures: await figures() };
  } catch (error) {
    log.warn({ err: error, source }, 'figures could not be read');
    return { source, figures: undefined };
  }
}

/** Who asks while an earlier question is open shares its answer: questions would pile up where it is slow already. */
function readOnceAtATime({ read }: FigureSource, patience_ms: number): () => Promise<readonly Figure[]> {
  let reading: Promise<readonly Figure[]> | undefined;
  return () => {
    reading ??= Promise.resolve()
      .then(read)
      .finally(() => {
        reading = undefined;
      });
    return within(patience_ms, reading);
  };
}

async function within<Result>(patience_ms: number, work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${patience_ms} ms`)), patience_ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    // What comes too late is nobody's error any more.
    work.catch(() => undefined);
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
