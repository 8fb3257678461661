import { readdirSync, readFileSync } from 'node:fs';

/** Milliseconds of processor time since the start, by part. Other parts than the platform's are known on Linux only. */
export type ProcessorTime = { platform: number; postgres: number };

/** Of this process with its threads, and of every PostgreSQL backend that runs below `postmaster_pid`. */
export function processorTime(postmaster_pid: number): ProcessorTime {
  const { user, system } = process.cpuUsage();
  return { platform: (user + system) / 1000, postgres: backendTimes(postmaster_pid) };
}

/** What was used between two readings, for each of `calls`. */
export function perCall(before: ProcessorTime, after: ProcessorTime, calls: number): ProcessorTime {
  return {
    platform: (after.platform - before.platform) / calls,
    postgres: (after.postgres - before.postgres) / calls,
  };
}

const tick_ms = 10;

function backendTimes(postmaster_pid: number): number {
  if (process.platform !== 'linux') return 0;
  let ticks = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const fields = statOf(pid);
    if (!fields) continue;
    // proc_pid_stat(5), counted from the state on: ppid 2nd, utime 12th, stime 13th, of ended children 14th and 15th.
    if (Number(pid) === postmaster_pid)
      ticks += Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14]);
    else if (Number(fields[1]) === postmaster_pid) ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks * tick_ms;
}

function statOf(pid: string): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
