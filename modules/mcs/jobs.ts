import { auditRotation } from '@zdravo/kit/audit';
import { deleteOldConsumed } from '@zdravo/kit/events';
import type { Job } from '@zdravo/kit/jobs';
import { rewrapJob } from '@zdravo/kit/keys';
import type { McsDeps } from './deps.ts';
import { checkNewUploads, expireQuarantine, removeOrphans } from './quarantine.ts';

/** This module's timers, in UTC. */
export function mediaJobs(deps: McsDeps, storage: { sweep(): Promise<number> }): Job[] {
  return [
    { name: 'check_new_uploads', schedule: '* * * * *', run: async () => void (await checkNewUploads(deps)) },
    { name: 'expire_quarantine', schedule: '*/5 * * * *', run: async () => void (await expireQuarantine(deps)) },
    { name: 'remove_orphaned_documents', schedule: '40 1 * * 0', run: async () => void (await removeOrphans(deps)) },
    {
      name: 'delete_old_mcs_events',
      schedule: '45 1 * * *',
      run: () => deleteOldConsumed(deps.db, 'mcs', deps.clock.now()),
    },
    { name: 'sweep_half_written_files', schedule: '50 1 * * *', run: async () => void (await storage.sweep()) },
    auditRotation({ db: deps.db, schema: 'mcs', tables: ['read_audit'], schedule: '20 3 * * *' }),
    rewrapJob(
      { name: 'rewrap_media_keys', schedule: '10 * * * *' },
      { stores: [{ rewrap: deps.keys.rotate }], log: deps.log },
    ),
  ];
}
