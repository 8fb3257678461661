import { daysBefore } from '@zdravo/kit/clock';
import type { CallContext } from '@zdravo/kit/http';
import { conflict } from '@zdravo/kit/problem';
import type { IlDeps } from '../deps.ts';
import type { NewOrder } from './orders.ts';

/** Grounds that end the duty to keep records before its time. */
const overriding = new Set<string>(['court_order', 'supervisory_authority']);

/**
 * The moment before which the last declaration must have ended, if its records may go: `erasure_retention_days` ago. A
 * court or the supervisory authority may order it earlier.
 */
export async function lastEndedBefore(deps: IlDeps, { ground }: Pick<NewOrder, 'ground'>): Promise<string | undefined> {
  if (overriding.has(ground)) return undefined;
  const days = await deps.parameters.number('erasure_retention_days');
  return daysBefore(deps.clock.now(), days);
}

/** @throws Problem 409 `declaration_lives` or `retention`. Operations decide again when the order is carried out. */
export async function refuseObstacles(deps: IlDeps, order: NewOrder, context: CallContext): Promise<void> {
  const { living, last_ended_at } = await deps.ops.getErasureObstacles({ params: { id: order.person_id } }, context);
  if (living.length > 0)
    throw conflict('The person has a living declaration; it has to end first.', 'declaration_lives');
  const before = await lastEndedBefore(deps, order);
  if (before !== undefined && last_ended_at !== null && Date.parse(last_ended_at) > Date.parse(before))
    throw conflict('The records of this person have to be kept for now.', 'retention');
}
