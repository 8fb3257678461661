import type { Job } from '@zdravo/kit/jobs';
import type { IlDeps } from './deps.ts';
import { expiryJob } from './employee-requests/expire.ts';
import { dismissalJob } from './employees/dismiss.ts';
import { closingJob } from './legal-entities/close.ts';

/** Timers and what has to be carried out after a commit; each safe to stop and to repeat. */
export function ilJobs(deps: IlDeps): Job[] {
  return [expiryJob(deps), dismissalJob(deps), closingJob(deps), deps.messages.job];
}
