import type { HttpServer } from '@zdravo/kit/http';
import { type Job, type Jobs, startJobs } from '@zdravo/kit/jobs';
import type { Logger } from '@zdravo/kit/log';
import { type FigureSource, measureRequests, processFigures, serveMetrics, watchEventLoop } from '@zdravo/kit/metrics';

/** A module that was started alone. */
export type RunningProcess = { address: string; stop(): Promise<void> };

export type Served = {
  app: HttpServer;
  settings: { ZDRAVO_HOST: string; METRICS_TOKEN?: string };
  port: number;
  /** The queue that the module's jobs come from, if it has any. */
  queue?: { url: string; role: string; jobs: readonly Job[] };
  /** What the module tells of itself. */
  figures: readonly FigureSource[];
  log: Logger;
  /** Ends what `app` stands on, after it. */
  close(): Promise<void>;
};

/** Serves a module's contract over HTTP with its health and its metrics, and runs its jobs. */
export async function serve({ app, settings, port, queue, figures, log, close }: Served): Promise<RunningProcess> {
  const host = settings.ZDRAVO_HOST;
  let jobs: Jobs | undefined;
  try {
    jobs = queue && (await startJobs({ ...queue, log }));
    tellFigures(app, settings.METRICS_TOKEN, [...figures, ...(jobs ? [jobs.figures] : [])], log);
    await app.listen({ host, port });
  } catch (error) {
    await jobs?.stop();
    await close();
    throw error;
  }
  return {
    address: `http://${host}:${port}`,
    stop: async () => {
      await jobs?.stop();
      await close();
    },
  };
}

/** The same for every process: its requests, the process itself, and what the module says. */
function tellFigures(app: HttpServer, token: string | undefined, figures: readonly FigureSource[], log: Logger): void {
  if (token === undefined) return;
  const pressure = watchEventLoop();
  app.addHook('onClose', async () => pressure.stop());
  serveMetrics(app, { token, log, sources: [measureRequests(app), processFigures(pressure), ...figures] });
}
