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
const batch_size = 500;

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
 * Works off the open orders, oldest first, a batch of declarations at a time, each a short transaction: a doctor with two
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
    const batch = await livingBefore(deps, order);
    const change = { ...order, op: 'terminate', status: 'terminated' } as const;
    if (batch.length > 0) await changeStatuses(deps, batch, change, { request_id: `termination-order-${order.id}` });
    await deps.db
      .updateTable('ops.termination_orders')
      .set({
        terminated: sql`terminated + ${batch.length}`,
        ...(batch.length < batch_size ? { done_at: deps.clock.now().toISOString() } : {}),
      })
      .where('id', '=', order.id)
      .execute();
    if (batch.length < batch_size) return;
  }
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
    .limit(batch_size)
    .execute();
  return rows.map((row) => row.id);
}
