import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';
import { openEach } from '../vault/epochs.ts';
import type { ServingModel } from './models.ts';
import type { RelinkDeps, Run } from './relink.ts';
import type { ScoredShard, ShardTask } from './score-shard.worker.ts';

export type Scorer = { score(shard: number): Promise<void>; stop(): Promise<void> };

/**
 * Threads that open and compare the sketches of a shard. The thread of the process unwraps keys (only it can ask the key
 * provider) and writes the scores; the others see keys of one shard, and no names at all.
 */
export function startScorers(
  deps: RelinkDeps,
  { run, model, count }: { run: Run; model: ServingModel; count: number },
): Scorer[] {
  const workerData = { database_url: deps.database_url, key_id: run.key_id, serving: { ...model, matcher: undefined } };
  return Array.from({ length: count }, () => {
    const worker = new Worker(new URL('./score-shard.worker.ts', import.meta.url), { workerData });
    return {
      score: async (shard) => {
        const task = await taskOf(deps, run, shard);
        worker.postMessage(task);
        const [scored] = (await once(worker, 'message')) as [ScoredShard];
        await storeScores(deps.db, { run, shard }, scored);
        for (const person_id of scored.unreadable)
          deps.log.error({ person_id }, 'a sketch does not open; the next change of the person makes it anew');
      },
      stop: async () => {
        worker.postMessage('stop');
        await once(worker, 'exit');
      },
    };
  });
}

async function taskOf({ db, keys, log }: RelinkDeps, run: Run, shard: number): Promise<ShardTask> {
  const { rows } = await sql<{ low_id: string; high_id: string }>`
    select low_id, high_id from mpi.relink_pairs where run_id = ${run.id} and shard = ${shard}
    order by low_id, high_id`.execute(db);
  const ids = [...new Set(rows.flatMap((row) => [row.low_id, row.high_id]))];
  return {
    pairs: rows,
    keys: await openEach({ store: keys.persons, log }, ids),
    epochs: await keys.epochs.all(),
  };
}

async function storeScores(
  db: Kysely<Tables>,
  { run, shard }: { run: Run; shard: number },
  scored: ScoredShard,
): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await sql`
      update mpi.relink_pairs pair set log2_odds = scored.bits, evidence = scored.evidence
      from unnest(${scored.low_ids}::uuid[], ${scored.high_ids}::uuid[], ${scored.bits}::real[], ${scored.evidence}::jsonb[])
        as scored (low_id, high_id, bits, evidence)
      where pair.run_id = ${run.id} and pair.shard = ${shard} and pair.low_id = scored.low_id and pair.high_id = scored.high_id`.execute(
      transaction,
    );
    await sql`update mpi.relink_runs set done = done + 1, updated_at = now() where id = ${run.id}`.execute(transaction);
  });
}
