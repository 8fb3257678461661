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

/**
 * Milliseconds of processor time since the start by what uses them: threads of this process by their names, PostgreSQL's processes by
 * what they say they are.
 */
export function partsOfProcessorTime(postmaster_pid: number): Map<string, number> {
  const parts = new Map<string, number>();
  const add = (part: string, [utime, stime]: [string?, string?]) =>
    parts.set(part, (parts.get(part) ?? 0) + (Number(utime) + Number(stime)) * tick_ms);
  for (const thread of readdirSync('/proc/self/task')) {
    const text = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
    const name = text.slice(text.indexOf('(') + 1, text.lastIndexOf(')'));
    add(`platform ${name}`, fieldsOf(text).slice(11, 13) as [string, string]);
  }
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const fields = statOf(pid);
    if (fields && Number(fields[1]) === postmaster_pid) add(titleOf(pid), fields.slice(11, 13) as [string, string]);
  }
  return parts;
}

/** `postgres: user database 127.0.0.1(port) state` → `postgres database`; other processes by the first words of their title. */
function titleOf(pid: string): string {
  const [, title = ''] =
    /^postgres: (.*)/.exec(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')) ?? [];
  const [first = '', second = ''] = title.split(' ');
  if (/^(walsender|logical|autovacuum)$/.test(first)) return `postgres ${first}`;
  return second === '' ? `postgres ${first}` : `postgres ${second}`;
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
    return fieldsOf(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined;
  }
}

function fieldsOf(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
