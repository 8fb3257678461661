import { randomUUID } from 'node:crypto';
import { isUniqueViolation } from '@zdravo/kit/db';
import type { Call } from '@zdravo/kit/http';
import { conflict, forbidden, invalidField, notFound } from '@zdravo/kit/problem';
import { audit } from '../audit.ts';
import type { IlDatabase, IlDeps, IlTransaction } from '../deps.ts';
import type { PersonErasure } from './contract.ts';
import { refuseObstacles } from './retention.ts';

export type NewOrder = Pick<PersonErasure, 'person_id' | 'ground' | 'document_number' | 'document_date'>;

/**
 * Writes an order down. Whom it is about is not said here but in the patient index, which knows the id.
 * @throws Problem 404 for an unknown person, 410 for an erased one; 409 while a declaration lives or its records have to
 * be kept, and when there is an order already.
 */
export async function orderErasure(deps: IlDeps, input: NewOrder, call: Call): Promise<PersonErasure> {
  if (input.document_date > deps.clock.today()) throw invalidField('$.document_date', 'date is in the future', 'date');
  await deps.mpi.getPerson({ params: { id: input.person_id } }, { ...call.context, purpose: 'erasure' });
  await refuseObstacles(deps, input, call.context);
  const order = {
    id: randomUUID(),
    ...input,
    ordered_by: call.principal.user_id,
    ordered_at: deps.clock.now().toISOString(),
  };
  try {
    return await deps.db.transaction().execute(async (transaction) => {
      await transaction.insertInto('il.person_erasures').values(order).execute();
      const stored = await findOrder(transaction, order.id);
      await tell(transaction, call, 'person_erasure.ordered', stored);
      return stored;
    });
  } catch (error) {
    if (isUniqueViolation(error)) throw conflict('There is an order about this person already.', 'erasure_ordered');
    throw error;
  }
}

/**
 * An officer’s decision about another officer’s order. Safe to repeat by the same officer.
 * @throws Problem 404; 403 `four_eyes` for whoever gave the order; 409 when it was decided otherwise.
 */
export async function decide(
  deps: IlDeps,
  id: string,
  decision: 'APPROVED' | 'REJECTED',
  call: Call,
): Promise<PersonErasure> {
  const officer = call.principal.user_id;
  return deps.db.transaction().execute(async (transaction) => {
    const order = await findOrder(transaction, id, { lock: true });
    if (order.ordered_by === officer)
      throw forbidden('Whoever gave the order may not decide about it; another officer has to.', 'four_eyes');
    const is_same = order.decided_by === officer && (order.status === 'REJECTED') === (decision === 'REJECTED');
    if (order.status !== 'NEW' && is_same) return order;
    if (order.status !== 'NEW') throw conflict('This order was decided already.', 'erasure_decided');
    await transaction
      .updateTable('il.person_erasures')
      .set({ status: decision, decided_by: officer, decided_at: deps.clock.now().toISOString() })
      .where('id', '=', id)
      .execute();
    const decided = await findOrder(transaction, id);
    await tell(transaction, call, `person_erasure.${decision.toLowerCase()}`, decided);
    return decided;
  });
}

/** @throws Problem 404 */
export async function findOrder(
  db: IlDatabase | IlTransaction,
  id: string,
  { lock = false } = {},
): Promise<PersonErasure> {
  let query = db.selectFrom('il.person_erasures').selectAll().where('id', '=', id);
  if (lock) query = query.forUpdate();
  const order = await query.executeTakeFirst();
  if (!order) throw notFound();
  return order as PersonErasure;
}

async function tell(transaction: IlTransaction, call: Call, action: string, order: PersonErasure): Promise<void> {
  const detail = { person_id: order.person_id, ground: order.ground };
  await audit(transaction, call, { action, resource: 'person_erasure', resource_id: order.id, detail });
}
