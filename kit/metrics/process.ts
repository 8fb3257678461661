import type { Pressure } from './event-loop.ts';
import { counter, type FigureSource, gauge } from './figures.ts';

/** What every process has: processor, memory, event loop, age. */
export function processFigures({ delay_ms }: Pressure): FigureSource {
  return {
    name: 'process',
    read: () => {
      const { user, system } = process.cpuUsage();
      return [
        gauge('event_loop_delay_seconds', 'How long work waits for the event loop', delay_ms() / 1_000),
        gauge('process_resident_memory_bytes', 'Resident memory', process.memoryUsage.rss()),
        counter('process_cpu_seconds_total', 'Processor time, user and system', (user + system) / 1e6),
        gauge('process_start_time_seconds', 'When the process began', Date.now() / 1_000 - process.uptime()),
      ];
    },
  };
}
