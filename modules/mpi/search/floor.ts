import { setTimeout } from 'node:timers/promises';
import type { MpiDeps } from '../deps.ts';

/** Holds an answer, errors too, back until the floor: what was to do for it does not show in its time. */
export async function inConstantTime<Result>({ search }: MpiDeps, work: () => Promise<Result>): Promise<Result> {
  const floor = setTimeout(search.settings.floor_ms);
  try {
    return await work();
  } finally {
    await floor;
  }
}
