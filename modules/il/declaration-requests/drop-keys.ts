import { type Job, longest_run_ms, restAfter } from '@zdravo/kit/jobs';
import type { IlDeps } from '../deps.ts';

const batch = 100;

/** Drops what `il.keys_to_drop` names: a trigger writes there in the transaction that wipes a request's data. */
export function keyDropJob(deps: IlDeps): Job {
  return { name: 'drop_request_keys', schedule: '* * * * *', run: () => dropKeys(deps) };
}

/** Forgets the keys of requests whose data were wiped, so that backups do not keep them either. Safe to stop and to repeat. */
export async function dropKeys({ db, request_keys }: Pick<IlDeps, 'db' | 'request_keys'>): Promise<void> {
  const until = performance.now() + longest_run_ms;
  while (performance.now() < until) {
    const began = performance.now();
    const due = await db.selectFrom('il.keys_to_drop').select('request_id').limit(batch).execute();
    if (due.length === 0) return;
    const ids = due.map(({ request_id }) => request_id);
    await Promise.all(ids.map((id) => request_keys.drop(id)));
    await db.deleteFrom('il.keys_to_drop').where('request_id', 'in', ids).execute();
    if (due.length < batch) return;
    await restAfter(began);
  }
}
