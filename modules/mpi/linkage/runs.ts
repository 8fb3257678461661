import { sql } from 'kysely';
import type { Asker, MpiDeps } from '../deps.ts';

const jobs = {
  relink: 'relink_persons',
  training: 'train_linkage_model',
  measurement: 'measure_linkage_model',
} as const;
export type RunKind = keyof typeof jobs;

export type LinkageRunState = {
  id: string;
  state: string;
  done: number;
  total: number;
  figures: Record<string, unknown> | null;
  started_at: string;
  finished_at: string | null;
};

/**
 * Orders what the linker otherwise does by its timer. The order waits in the queue of the index's database until a
 * linker takes it; a second order of one kind that waits is the same order.
 */
export async function orderRun({ db }: Pick<MpiDeps, 'db'>, kind: RunKind, asker: Asker): Promise<{ kind: RunKind }> {
  await db.transaction().execute(async (transaction) => {
    const { request_id, actor_id, client_id } = asker;
    await sql`select graphile_worker.add_job(${jobs[kind]}, job_key := ${`ordered ${kind}`}, max_attempts := 5)`.execute(
      transaction,
    );
    await transaction
      .insertInto('mpi.audit_log')
      .values({ request_id, actor_id, client_id, action: `linkage.${kind}_ordered`, resource: 'linkage_run' })
      .execute();
  });
  return { kind };
}

/** The last relinks, the newest first, with what they have done so far. */
export async function listRuns({ db }: Pick<MpiDeps, 'db'>): Promise<LinkageRunState[]> {
  const rows = await db
    .selectFrom('mpi.relink_runs')
    .select(['id', 'state', 'done', 'total', 'figures', 'started_at', 'finished_at'])
    .orderBy('started_at', 'desc')
    .limit(50)
    .execute();
  return rows as unknown as LinkageRunState[];
}
