import type { Job } from '@zdravo/kit/jobs';
import { sql } from 'kysely';
import { announceStatus } from '../audit.ts';
import type { IlDeps } from '../deps.ts';
import { system_actor_id } from '../system-actor.ts';

/** NEW invitations that nobody answered within `employee_request_expiration` become EXPIRED (domain.md §3.11). */
export function expiryJob(deps: IlDeps): Job {
  return { name: 'expire_employee_requests', schedule: '15 * * * *', run: () => expireRequests(deps) };
}

/** Ends invitations that nobody answered in time. */
export async function expireRequests(deps: IlDeps): Promise<void> {
  const before = (await deps.parameters.startOf('employee_request_expiration', deps.clock.now())).toISOString();
  await deps.db.transaction().execute(async (transaction) => {
    const expired = await transaction
      .updateTable('il.employee_requests')
      .set({ status: 'EXPIRED', updated_at: deps.clock.now().toISOString() })
      // Said in the statement, as its index says it.
      .where('status', '=', sql.lit('NEW'))
      .where('inserted_at', '<', before)
      .returning('id')
      .execute();
    await announceStatus(
      transaction,
      expired.map(({ id }) => ({
        entity_type: 'EmployeeRequest' as const,
        entity_id: id,
        new_value: 'EXPIRED',
        changed_by: system_actor_id,
      })),
    );
  });
}
