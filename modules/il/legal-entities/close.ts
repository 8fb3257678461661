import type { Call } from '@zdravo/kit/http';
import type { Job } from '@zdravo/kit/jobs';
import type { Employee, LegalEntity } from '@zdravo/prm';
import { announceStatus, audit } from '../audit.ts';
import { type IlDeps, withinOf } from '../deps.ts';
import { dismiss } from '../employees/dismiss.ts';

/**
 * Closes a legal entity (domain.md §3.1): from this commit on it and its client are closed; a job then dismisses the staff
 * and tells Operations to end the declarations, as often as it takes.
 */
export async function closeLegalEntity(deps: IlDeps, id: string, call: Call): Promise<LegalEntity> {
  const closed = await deps.db.transaction().execute(async (transaction) => {
    const legal_entity = await deps.prm.closeLegalEntity(id, withinOf(transaction, call));
    await deps.auth.blockClient(
      id,
      { blocked: true, reason: 'legal entity closed' },
      { transaction, context: call.context },
    );
    await transaction
      .insertInto('il.legal_entity_closings')
      .values({ legal_entity_id: id, actor_id: call.principal.user_id })
      .onConflict((one) => one.column('legal_entity_id').doNothing())
      .execute();
    await announceStatus(transaction, [
      { entity_type: 'LegalEntity', entity_id: id, new_value: 'CLOSED', changed_by: call.principal.user_id },
    ]);
    await audit(transaction, call, { action: 'close', resource: 'legal_entity', resource_id: id });
    return legal_entity;
  });
  await finishClosings(deps).catch((error: unknown) => deps.log.warn({ err: error }, 'a closing is finished later'));
  return closed;
}

/** Carries on where the closing of a legal entity stopped. */
export function closingJob(deps: IlDeps): Job {
  return { name: 'finish_legal_entity_closings', schedule: '* * * * *', run: () => finishClosings(deps) };
}

/** Works off what closings have left; safe to stop and to repeat at any point. */
export async function finishClosings(deps: IlDeps): Promise<void> {
  const open = await deps.db
    .selectFrom('il.legal_entity_closings')
    .select(['legal_entity_id', 'actor_id'])
    .where('done_at', 'is', null)
    .execute();
  for (const closing of open) await finishClosing(deps, closing.legal_entity_id, closing.actor_id);
}

async function finishClosing(deps: IlDeps, legal_entity_id: string, actor_id: string): Promise<void> {
  const context = { request_id: `closing-${legal_entity_id}`, actor_id, client_id: legal_entity_id };
  for (;;) {
    const { data } = await deps.prm.listEmployees({ legal_entity_id, is_active: true, page_size: 100 });
    if (data.length === 0) break;
    for (const employee of data) await dismissOne(deps, employee, actor_id, context);
  }
  // The closing's own id makes the order repeatable: Operations answers with what is stored under it.
  await deps.ops.putTerminations(
    {
      params: { id: legal_entity_id },
      body: { subject_type: 'legal_entity', subject_id: legal_entity_id, actor_id, reason: 'legal_entity_closed' },
    },
    context,
  );
  await deps.db
    .updateTable('il.legal_entity_closings')
    .set({ done_at: deps.clock.now().toISOString() })
    .where('legal_entity_id', '=', legal_entity_id)
    .execute();
}

function dismissOne(deps: IlDeps, employee: Employee, actor_id: string, context: Call['context']): Promise<unknown> {
  return deps.db
    .transaction()
    .execute((transaction) =>
      dismiss(transaction, deps, employee, { reason: 'legal_entity_closed', actor_id, context }),
    );
}
