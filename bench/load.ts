import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { Answered, Order } from './caller.ts';
import { perCall, processorTime } from './processor-time.ts';

export type Load = {
  rate: number;
  p50_ms: number;
  p99_ms: number;
  errors: number;
  /** Processor time of each call, milliseconds: of the platform's process, of PostgreSQL, of the client. */
  platform_cpu_ms: number;
  postgres_cpu_ms: number;
  client_cpu_ms: number;
};

/** Lets a client in a process of its own send the calls, and measures from outside. */
export async function putUnderLoad(order: Order, postmaster_pid: number): Promise<Load> {
  const child = fork(join(import.meta.dirname, 'caller.ts'), { execArgv: [] });
  try {
    await new Promise((resolve) => child.once('spawn', resolve));
    const before = processorTime(postmaster_pid);
    const answered = await new Promise<Answered>((resolve, reject) => {
      child.once('message', (message) => resolve(message as Answered));
      child.once('exit', (code) => reject(new Error(`the client ended with ${code}`)));
      child.send(order);
    });
    const calls = order.calls.length;
    const used = perCall(before, processorTime(postmaster_pid), calls);
    return {
      ...summaryOf(answered, calls),
      platform_cpu_ms: used.platform,
      postgres_cpu_ms: used.postgres,
      client_cpu_ms: answered.processor_ms / calls,
    };
  } finally {
    child.removeAllListeners('exit');
    child.kill();
  }
}

function summaryOf({ seconds, times, errors }: Answered, calls: number) {
  times.sort((one, other) => one - other);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return { rate: calls / seconds, p50_ms: at(0.5), p99_ms: at(0.99), errors };
}
