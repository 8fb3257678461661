import { monitorEventLoopDelay } from 'node:perf_hooks';

export type Pressure = {
  /** How long work waits for the event loop, milliseconds, over the last sample. */
  delay_ms(): number;
  stop(): void;
};

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
