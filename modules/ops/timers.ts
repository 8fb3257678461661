import { auditRotation } from '@zdravo/kit/audit';
import { deleteOldConsumed, deleteOldOutbox } from '@zdravo/kit/events';
import type { Job } from '@zdravo/kit/jobs';
import { sql } from 'kysely';
import type { OpsDeps } from './declarations.ts';
import { dropErasedKeys } from './erasures.ts';
import { logOlderAliases } from './person-links.ts';
import { workOffTerminationOrders } from './terminations.ts';
import { type Change, changeStatuses } from './transitions.ts';

/** The platform itself as an actor, where no person acts. */
export const system_actor_id = '4261eacf-8008-4e62-899f-de1e2f7065f0';

const batch_size = 500;
/** Said in the statement: a plan that is made once for all values finds a partial index by nothing else. */
const pending_status = sql.lit('pending_verification');
const living_statuses = [sql.lit('active'), pending_status];

/** Declarations' timers (domain.md §3.11), each safe to run twice. */
export function declarationTimers(deps: OpsDeps): Job[] {
  return [
    { name: 'work_off_termination_orders', schedule: '* * * * *', run: () => workOffTerminationOrders(deps) },
    { name: 'close_expired_declarations', schedule: '*/10 * * * *', run: () => closeExpired(deps) },
    {
      name: 'finish_erasures_of_ops',
      schedule: '* * * * *',
      run: async () => {
        await dropErasedKeys(deps);
      },
    },
    auditRotation({ db: deps.db, schema: 'ops', tables: ['audit_log'], schedule: '10 3 * * *' }),
    { name: 'log_older_aliases', schedule: '*/10 * * * *', run: () => logOlderAliases(deps, system_actor_id) },
    { name: 'delete_old_ops_events', schedule: '15 1 * * *', run: () => deleteOldEvents(deps) },
  ];
}

/** A declaration is valid through its last day; the day after, it is closed. */
export async function closeExpired(deps: OpsDeps): Promise<void> {
  const change = { op: 'close', status: 'closed', actor_id: system_actor_id, reason: 'expired' } as const;
  for (;;) {
    const expired = await deps.db
      .selectFrom('ops.declaration_heads')
      .select('id')
      .where('status', 'in', living_statuses)
      .where('end_date', '<', deps.clock.today())
      .limit(batch_size)
      .execute();
    await changeAll(deps, expired, change, 'timer-close');
    if (expired.length < batch_size) return;
  }
}

/** Nobody objected in time: a batch of what has waited for verification since before then becomes active. */
export async function approveOverdue(deps: OpsDeps, before: string): Promise<{ has_more: boolean }> {
  const change = { op: 'approve', status: 'active', actor_id: system_actor_id, reason: 'auto_approve' } as const;
  const overdue = await deps.db
    .selectFrom('ops.declaration_heads')
    .select('id')
    .where('status', '=', pending_status)
    .where('inserted_at', '<', before)
    .limit(batch_size)
    .execute();
  await changeAll(deps, overdue, change, 'timer-approve');
  return { has_more: overdue.length === batch_size };
}

async function changeAll(deps: OpsDeps, rows: { id: string }[], change: Change, request_id: string): Promise<void> {
  const ids = rows.map(({ id }) => id);
  if (ids.length > 0) await changeStatuses(deps, ids, change, { request_id });
}

/** Events that every consumer has had time to follow, and the memory of other producers' events. */
export async function deleteOldEvents({ db, clock }: OpsDeps): Promise<void> {
  await deleteOldOutbox(db, 'ops', clock.now());
  await deleteOldConsumed(db, 'ops', clock.now());
}
