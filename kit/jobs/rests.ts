import { setTimeout as pause } from 'node:timers/promises';

/** For each time that a piece of work took. */
const rests = 3;

/**
 * Of a job that comes every minute and may find more than a minute's work: shorter than the time to the next run, so that one run at
 * most is under way and other jobs have their turn.
 */
export const longest_run_ms = 45_000;

/** Between two pieces of work that nobody waits for: it takes the smaller part of what is there, and whoever waits for an answer goes first. */
export async function restAfter(began: number): Promise<void> {
  await pause(rests * (performance.now() - began));
}
