import type { Job } from '@zdravo/kit/jobs';
import type { IlDeps } from '../deps.ts';

const page_size = 500;
const resource_type = 'declaration_request';
/** Long enough for whoever still reads why a request was refused. */
const kept_ms = 24 * 3_600_000;

/** Scans of papers are kept for a declaration; where none came of the request, they go as its other personal data did. */
export function forgetDocumentsJob(deps: IlDeps): Job {
  return { name: 'forget_documents_of_ended_requests', schedule: '35 1 * * *', run: () => forgetDocuments(deps) };
}

/** Forgets the documents of requests that ended without a signature a day ago. Safe to stop and to repeat. */
export async function forgetDocuments(deps: IlDeps): Promise<void> {
  const stored_before = new Date(deps.clock.now().getTime() - kept_ms).toISOString();
  let after: string | undefined;
  for (;;) {
    const ids = await deps.mcs.listUnassigned({ resource_type, stored_before, after, limit: page_size });
    for (const resource_id of await endedOf(deps, ids, stored_before))
      await deps.mcs.forgetDocuments({ resource_type, resource_id });
    if (ids.length < page_size) return;
    after = ids.at(-1);
  }
}

async function endedOf({ db }: IlDeps, ids: readonly string[], before: string): Promise<string[]> {
  if (ids.length === 0) return [];
  const rows = await db
    .selectFrom('il.declaration_requests')
    .select('id')
    .where('id', 'in', ids)
    .where('status', 'in', ['REJECTED', 'CANCELLED', 'EXPIRED'])
    .where('updated_at', '<', before)
    .execute();
  return rows.map(({ id }) => id);
}
