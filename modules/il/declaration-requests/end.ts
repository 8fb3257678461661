import type { Call } from '@zdravo/kit/http';
import type { Job } from '@zdravo/kit/jobs';
import { conflict } from '@zdravo/kit/problem';
import { announceStatus, audit } from '../audit.ts';
import type { IlDeps } from '../deps.ts';
import { freeSlots } from '../slots/slots.ts';
import { system_actor_id } from '../system-actor.ts';
import { lockRequest, open_statuses, type StoredRequest } from './requests.ts';

/** NEW or APPROVED → REJECTED; the personal data are wiped. @throws Problem 409. */
export async function rejectRequest(deps: IlDeps, { id }: StoredRequest, call: Call): Promise<void> {
  await deps.db.transaction().execute(async (transaction) => {
    const request = await lockRequest(transaction, id);
    if (!['NEW', 'APPROVED'].includes(request!.status)) throw conflict('Invalid transition', 'invalid_transition');
    await transaction
      .updateTable('il.declaration_requests')
      .set({
        status: 'REJECTED',
        sealed_data: null,
        updated_by: call.principal.user_id,
        updated_at: deps.clock.now().toISOString(),
      })
      .where('id', '=', id)
      .execute();
    await freeSlots(transaction, { declaration_request_ids: [id] });
    await announceStatus(transaction, [
      { entity_type: 'DeclarationRequest', entity_id: id, new_value: 'REJECTED', changed_by: call.principal.user_id },
    ]);
    await audit(transaction, call, { action: 'reject', resource: 'declaration_request', resource_id: id });
  });
}

/** Open requests end after `declaration_request_expiration` (domain.md §3.11); never those that are decided. */
export function requestExpiryJob(deps: IlDeps): Job {
  return { name: 'expire_declaration_requests', schedule: '5 * * * *', run: () => expireRequests(deps) };
}

const batch = 500;

/** Ends requests that were not signed in time and wipes their personal data. */
export async function expireRequests(deps: IlDeps): Promise<void> {
  const before = (await deps.parameters.startOf('declaration_request_expiration', deps.clock.now())).toISOString();
  for (;;) {
    const ended = await deps.db.transaction().execute(async (transaction) => {
      const due = await transaction
        .selectFrom('il.declaration_requests')
        .select('id')
        .where('status', 'in', open_statuses)
        .where('inserted_at', '<', before)
        .orderBy('inserted_at')
        .limit(batch)
        .forUpdate()
        .skipLocked()
        .execute();
      const ids = due.map((row) => row.id);
      if (ids.length === 0) return ids;
      await transaction
        .updateTable('il.declaration_requests')
        .set({
          status: 'EXPIRED',
          sealed_data: null,
          updated_by: system_actor_id,
          updated_at: deps.clock.now().toISOString(),
        })
        .where('id', 'in', ids)
        .execute();
      await freeSlots(transaction, { declaration_request_ids: ids });
      await announceStatus(
        transaction,
        ids.map((entity_id) => ({
          entity_type: 'DeclarationRequest' as const,
          entity_id,
          new_value: 'EXPIRED',
          changed_by: system_actor_id,
        })),
      );
      return ids;
    });
    if (ended.length < batch) return;
  }
}
