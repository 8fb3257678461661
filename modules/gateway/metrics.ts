import { createHash, timingSafeEqual } from 'node:crypto';
import type { HttpServer } from '@zdravo/kit/http';
import { notFound } from '@zdravo/kit/problem';
import { counterLines, createHistogram, gaugeLines } from './exposition.ts';

export type MetricSources = { inFlight: () => number; loopDelayMs: () => number; lostRecords: () => number };

const buckets_s = [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * Prometheus metrics at `/metrics`, only for whoever holds the token; without one the path does not exist.
 * @returns notes one answered request.
 */
export function serveMetrics(app: HttpServer, token: string | undefined, sources: MetricSources) {
  const durations = createHistogram(
    { name: 'http_request_duration_seconds', help: 'Time from the request to its answer' },
    buckets_s,
  );
  if (token !== undefined) {
    const expected = digest(`Bearer ${token}`);
    app.get('/metrics', { schema: { hide: true } }, async (request, reply) => {
      if (!timingSafeEqual(expected, digest(request.headers.authorization ?? ''))) throw notFound();
      reply.type('text/plain; version=0.0.4; charset=utf-8');
      return [...durations.lines(), ...processLines(sources)].join('\n').concat('\n');
    });
  }
  const observers = new Map<string, (seconds: number) => void>();
  return (method: string, route = '(unknown)', status: number, elapsed_ms: number) => {
    const key = `${method} ${status} ${route}`;
    const observe = observers.get(key) ?? durations.seriesOf({ method, route, status: String(status) });
    observers.set(key, observe);
    observe(elapsed_ms / 1_000);
  };
}

function processLines(sources: MetricSources): string[] {
  const { user, system } = process.cpuUsage();
  return [
    ...gaugeLines('http_requests_in_flight', 'Requests that wait for their answer', sources.inFlight()),
    ...gaugeLines('event_loop_delay_seconds', 'How long work waits for the event loop', sources.loopDelayMs() / 1_000),
    ...counterLines('request_record_lost_rows_total', 'Rows of the request record given up', sources.lostRecords()),
    ...gaugeLines('process_resident_memory_bytes', 'Resident memory', process.memoryUsage.rss()),
    ...counterLines('process_cpu_seconds_total', 'Processor time, user and system', (user + system) / 1e6),
    ...gaugeLines('process_start_time_seconds', 'When the process began', Date.now() / 1_000 - process.uptime()),
  ];
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
