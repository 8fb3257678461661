import { randomUUID } from 'node:crypto';
import type { Logger } from '@zdravo/kit/log';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';
import { servingKey } from './match-online.ts';
import { openServingModel, type ServingModel } from './models.ts';
import { decideRelink } from './relink-decisions.ts';
import { startScorers } from './relink-scorers.ts';
import { recordRun } from './sketch-audit.ts';
import type { SketchKeys } from './sketch-keys.ts';

export type RelinkDeps = { db: Kysely<Tables>; keys: SketchKeys; database_url: string; log: Logger };
export type RelinkOptions = {
  /** Threads that open and compare sketches. */
  workers?: number;
  signal?: AbortSignal;
  /** Told of every group of ids that are one person, each record by its own id. */
  onGroup?: (ids: string[]) => void;
};
export type RelinkFigures = { pairs: number; proposed: number; asked: number; is_done: boolean };
export type Run = { id: string; model_id: string; key_id: string; state: string };

/** A shard is the pairs whose first id begins alike: memory is bounded by it, and a stopped run loses at most what is under way. */
export const shards = 64;
const largest_block = 64;

/**
 * Compares everybody with everybody whom a block joins: pairs by one pass over the blocks, sketches opened and compared
 * by threads shard by shard, then groups by correlation clustering and their proposals. Each step is kept when it is
 * done, so that a stopped run goes on where it was.
 */
export async function relink(deps: RelinkDeps, options: RelinkOptions = {}): Promise<RelinkFigures> {
  const model = await openServingModel(deps.db);
  const run = (await findRun(deps.db, model)) ?? (await startRun(deps.db, model));
  const stopped = { pairs: 0, proposed: 0, asked: 0, is_done: false };
  if (run.state === 'pairing') await findPairs(deps.db, run);
  if (options.signal?.aborted) return stopped;
  await scorePairs(deps, { run, model, options });
  if (options.signal?.aborted) return stopped;
  const figures = await decideRelink(deps.db, run, options.onGroup);
  await finish(deps.db, run, figures);
  return { ...figures, is_done: true };
}

/** The run that was stopped; one of a model or of keys that serve no more is given up. */
async function findRun(db: Kysely<Tables>, model: ServingModel): Promise<Run | undefined> {
  const run = await db
    .selectFrom('mpi.relink_runs')
    .select(['id', 'model_id', 'key_id', 'state'])
    .where('finished_at', 'is', null)
    .executeTakeFirst();
  if (!run || (run.model_id === model.id && run.key_id === (await servingKey(db)))) return run;
  await finish(db, run, { given_up: 'another model or generation of keys serves' });
  return undefined;
}

async function startRun(db: Kysely<Tables>, model: ServingModel): Promise<Run> {
  const run = { id: randomUUID(), model_id: model.id, key_id: await servingKey(db), state: 'pairing', total: shards };
  await db.transaction().execute(async (transaction) => {
    await transaction.insertInto('mpi.relink_runs').values(run).execute();
    const detail = { key_id: run.key_id, model_id: run.model_id };
    await recordRun(transaction, { action: 'linkage.relink_started', id: run.id, detail });
  });
  return run;
}

/** Index-only over the blocks in their order: 1.5 s for a million persons. Blocks beyond the largest are made-up numbers. */
async function findPairs(db: Kysely<Tables>, run: Run): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await sql`select set_config('statement_timeout', '0', true), set_config('work_mem', '128MB', true)`.execute(
      transaction,
    );
    await sql`
      insert into mpi.relink_pairs (run_id, low_id, high_id, shard)
      select distinct ${run.id}::uuid, low.id, high.id, get_byte(uuid_send(low.id), 0) * ${shards} / 256
      from (
        select array_agg(person_id) as ids from mpi.linkage_blocks where key_id = ${run.key_id}
        group by token having count(*) between 2 and ${largest_block}
      ) block, unnest(block.ids) as low (id), unnest(block.ids) as high (id)
      where low.id < high.id`.execute(transaction);
    await sql`
      update mpi.relink_runs set state = 'scoring', updated_at = now(),
        total = (select count(distinct shard) from mpi.relink_pairs where run_id = ${run.id})
      where id = ${run.id}`.execute(transaction);
  });
}

async function scorePairs(
  deps: RelinkDeps,
  { run, model, options }: { run: Run; model: ServingModel; options: RelinkOptions },
): Promise<void> {
  const { rows } = await sql<{ shard: number }>`
    select shard from mpi.relink_pairs where run_id = ${run.id} and log2_odds is null group by shard order by shard`.execute(
    deps.db,
  );
  const waiting = rows.map((row) => row.shard);
  const scorers = startScorers(deps, { run, model, count: options.workers ?? 2 });
  const workOff = async (scorer: (shard: number) => Promise<void>): Promise<void> => {
    for (let shard = waiting.shift(); shard !== undefined; shard = waiting.shift()) {
      if (options.signal?.aborted) return;
      await scorer(shard);
      deps.log.info({ relink_id: run.id, left: waiting.length, of: shards }, 'a relink is under way');
    }
  };
  try {
    await Promise.all(scorers.map((scorer) => workOff(scorer.score)));
  } finally {
    await Promise.all(scorers.map((scorer) => scorer.stop()));
  }
}

async function finish(db: Kysely<Tables>, run: Run, figures: object): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await sql`delete from mpi.relink_pairs where run_id = ${run.id}`.execute(transaction);
    await sql`
      update mpi.relink_runs set state = 'done', finished_at = now(), updated_at = now(), figures = ${JSON.stringify(figures)}::jsonb
      where id = ${run.id}`.execute(transaction);
    await recordRun(transaction, { action: 'linkage.relinked', id: run.id, detail: { ...figures } });
  });
}
