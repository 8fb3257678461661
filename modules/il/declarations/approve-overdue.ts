import type { Job } from '@zdravo/kit/jobs';
import type { IlDeps } from '../deps.ts';
import { system_actor_id } from '../system-actor.ts';

/** The payer has `verification_request_expiration` to object; then a declaration is active (domain.md §3.11). */
export function overdueApprovalJob(deps: IlDeps): Job {
  return { name: 'approve_pending_declarations', schedule: '*/10 * * * *', run: () => approveOverdue(deps) };
}

async function approveOverdue(deps: IlDeps): Promise<void> {
  const before = (await deps.parameters.startOf('verification_request_expiration', deps.clock.now())).toISOString();
  const context = { request_id: 'timer-approve', actor_id: system_actor_id };
  for (let has_more = true; has_more; )
    ({ has_more } = await deps.ops.putOverdueApprovals({ body: { before } }, context));
}
