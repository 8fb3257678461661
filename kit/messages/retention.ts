import { sql } from 'kysely';
import type { Database } from '../db/index.ts';
import type { Job } from '../jobs/index.ts';
import { message_tasks } from './queue.ts';

const kept_ms = 7 * 86_400_000;

/**
 * Messages whose tries are used up, or that no worker took, stay in the queue so that an operator can look into it: seven days
 * beyond their use, then they go, sealed as they are.
 */
export function messageRetention<Tables>({ db }: Pick<Database<Tables>, 'db'>, now = () => new Date()): Job {
  return {
    name: 'delete_old_messages',
    schedule: '25 3 * * *',
    run: async () => {
      const before = new Date(now().getTime() - kept_ms).toISOString();
      await sql`select from graphile_worker.complete_jobs(array(
        select job.id from graphile_worker._private_jobs job join graphile_worker._private_tasks task on task.id = job.task_id
        where task.identifier = any(${message_tasks})
          and coalesce((job.payload ->> 'expires_at')::timestamptz, job.created_at) < ${before}))`.execute(db);
    },
  };
}
