import type { Event } from '@zdravo/kit/events';
import type { CallContext } from '@zdravo/kit/http';
import type { Job } from '@zdravo/kit/jobs';
import { Problem } from '@zdravo/kit/problem';
import type { ErasureOrder } from '@zdravo/ops/contract';
import { sql } from 'kysely';
import type { IlDeps } from '../deps.ts';
import type { PersonErasure } from './contract.ts';
import { findOrder } from './orders.ts';
import { lastEndedBefore } from './retention.ts';

/**
 * The steps behind an approved order, each safe to repeat: Operations (the only one that may still refuse; it logs the
 * erase leaf and stores nothing more under the person), then the patient index, whose `person.erased` media follow.
 * @throws Problem 503 of a neighbour; the worker then goes on.
 */
export async function carryOutErasure(
  deps: IlDeps,
  order: PersonErasure,
  context: CallContext,
): Promise<PersonErasure> {
  if (order.status !== 'APPROVED') return order;
  const before = await lastEndedBefore(deps, order);
  try {
    const body = { ...opsOrder(order), ...(before === undefined ? {} : { last_ended_before: before }) };
    await deps.ops.putErasure({ params: { id: order.person_id }, body }, context);
  } catch (error) {
    if (!isObstacle(error)) throw error;
    return finish(deps, order, { status: 'REFUSED', refusal: error.code });
  }
  await deps.mpi.erasePerson(
    { params: { id: order.person_id }, body: { order_id: order.id } },
    { ...context, purpose: 'erasure' },
  );
  return finish(deps, order, { status: 'DONE', done_at: deps.clock.now().toISOString() });
}

/**
 * What the patient index has erased is erased in Operations too, also an id that was merged so late that Operations had
 * not heard of it: there it is too late to refuse, what lives under it ends.
 */
export async function followErasure(
  deps: Pick<IlDeps, 'db' | 'ops'>,
  event: Event,
  context: CallContext,
): Promise<void> {
  const { order_id } = event.payload as { order_id: string };
  const order = await findOrder(deps.db as IlDeps['db'], order_id);
  const body = { ...opsOrder(order), end_living: true };
  await deps.ops.putErasure({ params: { id: event.object_id }, body }, context);
}

/** Carries on where an erasure stopped, until every module has dropped its keys. */
export function erasureJob(deps: IlDeps): Job {
  return { name: 'finish_person_erasures', schedule: '* * * * *', run: () => finishErasures(deps) };
}

/** Takes up orders whose steps nobody finished. */
export async function finishErasures(deps: IlDeps): Promise<void> {
  const open = await deps.db
    .selectFrom('il.person_erasures')
    .selectAll()
    // Said in the statement, as its index says it.
    .where('status', '=', sql.lit('APPROVED'))
    .limit(100)
    .execute();
  for (const order of open as PersonErasure[])
    await carryOutErasure(deps, order, { request_id: `erasure-${order.id}`, actor_id: order.decided_by! }).catch(
      (error: unknown) => deps.log.warn({ err: error, order_id: order.id }, 'an erasure could not be finished yet'),
    );
}

export function repeatedErasureJob(deps: IlDeps): Job {
  return { name: 'repeat_person_erasures', schedule: '40 2 * * *', run: () => repeatErasures(deps) };
}

/** A database that was restored to an earlier point knows somebody again whom it had forgotten: it is told once more. */
export async function repeatErasures(deps: IlDeps): Promise<void> {
  const done = await deps.db.selectFrom('il.person_erasures').selectAll().where('status', '=', 'DONE').execute();
  for (const order of done as PersonErasure[]) {
    const context = { request_id: `erasure-again-${order.id}`, actor_id: order.decided_by!, purpose: 'erasure' };
    const params = { id: order.person_id };
    await deps.ops.putErasure({ params, body: { ...opsOrder(order), end_living: true } }, context);
    await deps.mpi.erasePerson({ params, body: { order_id: order.id } }, context);
  }
}

type Ending = { status: 'DONE'; done_at: string } | { status: 'REFUSED'; refusal: string };

async function finish(deps: IlDeps, { id }: PersonErasure, ending: Ending): Promise<PersonErasure> {
  await deps.db
    .updateTable('il.person_erasures')
    .set(ending)
    .where('id', '=', id)
    .where('status', '=', 'APPROVED')
    .execute();
  return findOrder(deps.db, id);
}

function opsOrder(order: PersonErasure): ErasureOrder {
  return {
    order_id: order.id,
    ground: order.ground,
    document_number: order.document_number,
    document_date: order.document_date,
    ordered_by: order.ordered_by,
    ordered_at: order.ordered_at,
    approved_by: order.decided_by!,
    approved_at: order.decided_at!,
  };
}

function isObstacle(error: unknown): error is Problem {
  return error instanceof Problem && (error.code === 'declaration_lives' || error.code === 'retention');
}
