import type { Job } from '@zdravo/kit/jobs';
import type { VersionBatch } from '@zdravo/mpi/contract';
import type { IlDeps } from '../deps.ts';

const page_size = 100;
const context = { request_id: 'log-person-versions' };

/** Brings the patient index's batches of versions to the log, every minute. */
export function versionLogJob(deps: IlDeps): Job {
  return {
    name: 'log_person_versions',
    schedule: '* * * * *',
    run: async (_payload, { signal }) => void (await logVersionBatches(deps, signal)),
  };
}

/**
 * Brings the batches that Operations do not know, the oldest first (decision 81). Nothing is kept of what was brought: whatever
 * was lost on the way, or by a restore of Operations, is unknown there and brought again. @returns how many were.
 */
export async function logVersionBatches(
  { mpi, ops }: Pick<IlDeps, 'mpi' | 'ops'>,
  signal?: AbortSignal,
): Promise<number> {
  const unknown = await findUnknown({ mpi, ops });
  for (const [brought, { id, position: _position, ...body }] of unknown.entries()) {
    if (signal?.aborted) return brought;
    await ops.putPersonVersionBatch({ params: { id }, body }, context);
  }
  return unknown.length;
}

/** In the order in which they were taken. Since they come in order, one that is known ends the search. */
async function findUnknown({ mpi, ops }: Pick<IlDeps, 'mpi' | 'ops'>): Promise<VersionBatch[]> {
  const unknown: VersionBatch[] = [];
  for (let before: number | undefined; ; ) {
    const query = { limit: page_size, ...(before === undefined ? {} : { before }) };
    const page = await mpi.listVersionBatches({ query }, context);
    const known = new Set(await ops.findPersonVersionBatches({ body: { ids: page.map(({ id }) => id) } }, context));
    unknown.push(...page.filter(({ id }) => !known.has(id)));
    if (known.size > 0 || page.length < page_size) return unknown.reverse();
    before = page.at(-1)!.position;
  }
}
