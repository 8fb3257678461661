import { conflict } from '@zdravo/kit/problem';
import { sql } from 'kysely';
import type { OpsDeps } from './declarations.ts';
import { personFamily } from './person-family.ts';
import { changeStatuses } from './transitions.ts';

export type TerminationOrder = {
  subject_type: 'employee' | 'legal_entity' | 'person';
  subject_id: string;
  actor_id: string;
  reason: string;
  reason_description?: string | null;
};

export type OrderState = { id: string; is_done: boolean; terminated: number };

const column_of = { employee: 'employee_id', legal_entity: 'legal_entity_id', person: 'person_id' } as const;
/** Ids read at a time: each reading passes those that have ended already, so it is worth many batches. */
const page_size = 4000;
/** Declarations that end in one transaction. */
const batch_size = 500;
/** The database writes one batch while the next is being sealed here. */
const batches_at_once = 2;

/**
 * Makes the order durable; the timer works it off. Safe to repeat. Its moment is of the same clock as the declarations', or
 * the two would be compared by how much the database's clock differs.
 */
export async function putTerminationOrder(deps: OpsDeps, id: string, order: TerminationOrder): Promise<OrderState> {
  await deps.db
    .insertInto('ops.termination_orders')
    .values({ id, ...order, ordered_at: deps.clock.now().toISOString() })
    .onConflict((conflicting) => conflicting.column('id').doNothing())
    .execute();
  const stored = await deps.db
    .selectFrom('ops.termination_orders')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  if (stored.subject_id !== order.subject_id || stored.subject_type !== order.subject_type)
    throw conflict('Another order is stored under this id.', 'termination_order_differs');
  return { id, is_done: stored.done_at !== null, terminated: stored.terminated };
}

/**
 * Works off the open orders, oldest first, in batches of declarations, each a short transaction: a doctor with two
 * thousand patients blocks nobody, and a crash in the middle leaves only work still to do.
 */
export async function workOffTerminationOrders(deps: OpsDeps): Promise<void> {
  const orders = await deps.db
    .selectFrom('ops.termination_orders')
    .selectAll()
    .where('done_at', 'is', null)
    .orderBy('ordered_at')
    .execute();
  for (const order of orders) await workOff(deps, order as TerminationOrder & { id: string; ordered_at: string });
}

async function workOff(deps: OpsDeps, order: TerminationOrder & { id: string; ordered_at: string }): Promise<void> {
  for (;;) {
    const page = await livingBefore(deps, order);
    await endAll(deps, order, page);
    if (page.length < page_size) break;
  }
  await deps.db
    .updateTable('ops.termination_orders')
    .set({ done_at: deps.clock.now().toISOString() })
    .where('id', '=', order.id)
    .execute();
}

/** After a failure no further batch begins. */
async function endAll(deps: OpsDeps, order: TerminationOrder & { id: string }, ids: readonly string[]): Promise<void> {
  const change = { ...order, op: 'terminate', status: 'terminated' } as const;
  const context = { request_id: `termination-order-${order.id}` };
  const batches = batchesOf(ids);
  const work = async () => {
    for (const batch of batches) {
      await changeStatuses(deps, batch, change, context);
      await countTerminated(deps, order.id, batch.length);
    }
  };
  const done = await Promise.allSettled(Array.from({ length: batches_at_once }, work));
  for (const one of done) if (one.status === 'rejected') throw one.reason;
}

async function countTerminated({ db }: OpsDeps, id: string, count: number): Promise<void> {
  await db
    .updateTable('ops.termination_orders')
    .set({ terminated: sql`terminated + ${count}` })
    .where('id', '=', id)
    .execute();
}

/** A generator: who leaves the loop over it by an exception ends it for all who share it. */
function* batchesOf(ids: readonly string[]): Generator<readonly string[]> {
  for (let at = 0; at < ids.length; at += batch_size) yield ids.slice(at, at + batch_size);
}

/** Declarations signed after the order was given are not meant by it; a person is meant by every id they have. */
async function livingBefore(deps: OpsDeps, order: TerminationOrder & { ordered_at: string }): Promise<string[]> {
  const { subject_type, subject_id } = order;
  const subjects = subject_type === 'person' ? await personFamily(deps.db, subject_id) : [subject_id];
  const rows = await deps.db
    .selectFrom('ops.declaration_heads')
    .select('id')
    .where(column_of[subject_type], 'in', subjects)
    .where('status', 'in', ['active', 'pending_verification'])
    .where('inserted_at', '<=', order.ordered_at)
    .limit(page_size)
    .execute();
  return rows.map((row) => row.id);
}
