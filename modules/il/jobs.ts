import { auditRotation } from '@zdravo/kit/audit';
import type { Job } from '@zdravo/kit/jobs';
import { mountainFlagJob } from './addresses/copy-mountain-flags.ts';
import { upgradeJob } from './containers/upgrade-containers.ts';
import { signingJob } from './declaration-requests/carry-out.ts';
import { keyDropJob } from './declaration-requests/drop-keys.ts';
import { requestExpiryJob } from './declaration-requests/end.ts';
import { forgetDocumentsJob } from './declaration-requests/forget-documents.ts';
import { overdueApprovalJob } from './declarations/approve-overdue.ts';
import type { IlDeps } from './deps.ts';
import { expiryJob } from './employee-requests/expire.ts';
import { dismissalJob } from './employees/dismiss.ts';
import { erasureJob, repeatedErasureJob } from './erasures/carry-out.ts';
import { eventExpiryJob } from './events/follow-operations.ts';
import { closingJob } from './legal-entities/close.ts';
import { canaryExpiryJob } from './persons/canaries.ts';
import { versionLogJob } from './persons/log-versions.ts';
import { promiseExpiryJob } from './receipts/kept-promises.ts';
import { reconciliationJob } from './reconciliation/reconcile.ts';

/** Timers and what has to be carried out after a commit; each safe to stop and to repeat. */
export function ilJobs(deps: IlDeps): Job[] {
  return [
    requestExpiryJob(deps),
    forgetDocumentsJob(deps),
    signingJob(deps),
    keyDropJob(deps),
    overdueApprovalJob(deps),
    mountainFlagJob(deps),
    eventExpiryJob(deps),
    expiryJob(deps),
    dismissalJob(deps),
    closingJob(deps),
    erasureJob(deps),
    repeatedErasureJob(deps),
    reconciliationJob(deps),
    canaryExpiryJob(deps),
    versionLogJob(deps),
    upgradeJob(deps),
    promiseExpiryJob(deps),
    auditRotation({ db: deps.db, schema: 'il', tables: ['audit_log', 'read_audit'], schedule: '15 3 * * *' }),
  ];
}
