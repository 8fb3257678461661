import { setTimeout as pause } from 'node:timers/promises';

/** For each time that a piece of work took. */
const rests = 3;

/** Between two pieces of work that nobody waits for: it takes the smaller part of what is there, and whoever waits for an answer goes first. */
export async function restAfter(began: number): Promise<void> {
  await pause(rests * (performance.now() - began));
}
