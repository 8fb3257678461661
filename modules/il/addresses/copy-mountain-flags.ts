import type { Job } from '@zdravo/kit/jobs';
import type { IlDeps } from '../deps.ts';
import { system_actor_id } from '../system-actor.ts';
import { findSettlements } from './settlements.ts';

/** Places take the flag of their settlement: what an import of flags changed, and what changed while a place was being made. */
export function mountainFlagJob(deps: IlDeps): Job {
  return { name: 'copy_mountain_flags', schedule: '*/10 * * * *', run: () => copyMountainFlags(deps) };
}

async function copyMountainFlags(deps: IlDeps): Promise<void> {
  const flags = await deps.prm.listMountainFlags();
  const ids = flags.map(({ settlement_id }) => settlement_id);
  const settlements = await findSettlements(deps.db, ids);
  const within = { context: { request_id: 'timer-mountains' }, actor_id: system_actor_id };
  for (const { settlement_id, mountain_group } of flags) {
    const settlement = settlements.get(settlement_id);
    if (settlement && settlement.mountain_group !== mountain_group)
      await deps.prm.setMountainGroup(settlement_id, settlement.mountain_group, within);
  }
}
