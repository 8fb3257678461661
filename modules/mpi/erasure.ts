import { appendEvents } from '@zdravo/kit/events';
import type { CallContext } from '@zdravo/kit/http';
import { notFound } from '@zdravo/kit/problem';
import type { MpiDeps } from './deps.ts';
import { auditWrite, lockHead } from './write-persons.ts';

/**
 * Erases a person: the tombstone, indexes and facts first, in one transaction, then the key. A crash in between leaves a
 * tombstone whose key is dropped by the repetition; the ciphertexts, in old backups too, are then unreadable.
 */
export async function erasePerson(
  deps: MpiDeps,
  input: { id: string; order_id: string },
  context: CallContext,
): Promise<{ id: string; erased_at: string }> {
  await deps.db.transaction().execute(async (transaction) => {
    const head = await lockHead(transaction, input.id);
    if (!head) throw notFound();
    if (head.status === 'erased') return;
    await transaction.updateTable('mpi.persons').set({ status: 'erased' }).where('id', '=', input.id).execute();
    for (const table of ['mpi.unique_tokens', 'mpi.search_tokens'] as const)
      await transaction.deleteFrom(table).where('person_id', '=', input.id).execute();
    await transaction.deleteFrom('mpi.person_facts').where('pseudonym', '=', head.pseudonym).execute();
    await transaction
      .insertInto('mpi.person_orders')
      .values({ id: input.order_id, kind: 'erasure', person_id: input.id })
      .execute();
    await appendEvents(transaction, 'mpi', [
      { type: 'person.erased', object_type: 'person', object_id: input.id, payload: { order_id: input.order_id } },
    ]);
    await auditWrite(transaction, { action: 'person.erased', person_id: input.id }, context);
  });
  await deps.keys.drop(input.id);
  const order = await deps.db
    .selectFrom('mpi.person_orders')
    .select('done_at')
    .where('person_id', '=', input.id)
    .where('kind', '=', 'erasure')
    .executeTakeFirstOrThrow();
  return { id: input.id, erased_at: order.done_at };
}
