import type { IlDeps } from '../deps.ts';
import { system_actor_id } from '../system-actor.ts';
import type { Findings } from './report.ts';

/** One run of the comparison. */
export type Run = {
  deps: IlDeps;
  findings: Findings;
  context: { request_id: string; actor_id: string; purpose: string };
  /** Instant; what changed after it is left to its own process, which may still be at work. */
  settled_before: string;
};

/** Longer than any process takes between its first and its last write. */
const grace_ms = 10 * 60_000;

export function newRun(deps: IlDeps, id: string, findings: Findings): Run {
  return {
    deps,
    findings,
    context: { request_id: `reconciliation-${id}`, actor_id: system_actor_id, purpose: 'reconciliation' },
    settled_before: new Date(deps.clock.now().getTime() - grace_ms).toISOString(),
  };
}

/** Whether this instant is long enough ago. */
export function isSettled({ settled_before }: Run, at: string): boolean {
  return Date.parse(at) <= Date.parse(settled_before);
}

export const page_size = 500;

/** All pages of a list by key; `keyOf` tells where the next one begins. */
export async function* pagesOf<Row, Key>(
  read: (after: Key | undefined) => Promise<Row[]>,
  keyOf: (row: Row) => Key,
): AsyncGenerator<Row[]> {
  let after: Key | undefined;
  for (;;) {
    const rows = await read(after);
    if (rows.length > 0) yield rows;
    if (rows.length < page_size) return;
    after = keyOf(rows.at(-1)!);
  }
}

export const living = new Set<string>(['active', 'pending_verification']);
