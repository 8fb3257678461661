import type { HttpServer } from '../http/index.ts';
import { type FigureSource, gauge } from './figures.ts';
import { createHistogram } from './histogram.ts';

const buckets_s = [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10];

/** A server's requests by route and status, with their durations; to be called before its routes are ready. */
export function measureRequests(app: HttpServer): FigureSource & { inFlight(): number } {
  let in_flight = 0;
  const durations = createHistogram(
    { name: 'http_request_duration_seconds', help: 'Time from the request to its answer' },
    buckets_s,
  );
  const observers = new Map<string, (seconds: number) => void>();
  app.addHook('onRequest', (_request, reply, done) => {
    in_flight += 1;
    reply.raw.once('close', () => {
      in_flight -= 1;
    });
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    // The declared route, never the address that came: that is the sender's text.
    const {
      method,
      routeOptions: { url: route = '(unknown)' },
    } = request;
    const status = String(reply.statusCode);
    const key = `${method} ${status} ${route}`;
    const observe = observers.get(key) ?? durations.seriesOf({ method, route, status });
    observers.set(key, observe);
    observe(reply.elapsedTime / 1_000);
    done();
  });
  return {
    name: 'requests',
    inFlight: () => in_flight,
    read: () => [
      durations.figure(),
      gauge('http_requests_in_flight', 'Requests that wait for their answer', in_flight),
    ],
  };
}
