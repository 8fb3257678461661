import { openDatabase } from '@zdravo/kit/db';
import { type Job, longest_run_ms, restAfter } from '@zdravo/kit/jobs';
import type { Logger } from '@zdravo/kit/log';
import { sql } from 'kysely';
import type { MpiDeps, MpiTransaction } from '../deps.ts';
import type { Tables } from '../tables.ts';
import { foldDigests } from './fold-digests.ts';
import { digestOf } from './version-digest.ts';

/** Held by who takes a batch, and by a bulk load until its rows can be seen. */
export const batches_lock = '7202611002';

/** Of versions at most: beside those who sign a batch is short work; after a load nobody waits. */
const batch_size = { beside_others: 1024, after_load: 4096 };

/** Puts the versions that wait into batches, every minute. */
export function batchJob(deps: Pick<MpiDeps, 'db'>): Job {
  return {
    name: 'batch_person_versions',
    schedule: '* * * * *',
    run: async (_payload, { signal }) => void (await batchVersions(deps, signal)),
  };
}

/** Puts the versions that wait into batches; who stops leaves the rest to the next. @returns how many batches were taken. */
export async function batchVersions({ db }: Pick<MpiDeps, 'db'>, signal?: AbortSignal): Promise<number> {
  const until = performance.now() + longest_run_ms;
  let batches = 0;
  while (performance.now() < until && !signal?.aborted) {
    const began = performance.now();
    const taken = await db.transaction().execute((transaction) => takeBatch(transaction, batch_size.beside_others));
    if (!taken) break;
    batches += 1;
    if (taken.is_last) break;
    await restAfter(began);
  }
  return batches;
}

/**
 * Puts all that waits into batches without a rest, after a load, while nobody writes.
 * @returns how many batches were taken.
 */
export async function batchLoadedVersions({
  database_url,
  log,
}: {
  database_url: string;
  log: Logger;
}): Promise<number> {
  const role = { role: 'zdravo_mpi', application_name: 'mpi-bulk-load' };
  const { db, close } = openDatabase<Tables>({ url: database_url, ...role, log, pool_size: 1 });
  try {
    for (let batches = 0; ; batches += 1) {
      const taken = await db.transaction().execute((transaction) => takeBatch(transaction, batch_size.after_load));
      if (!taken) return batches;
    }
  } finally {
    await close();
  }
}

/** One transaction: its versions stop waiting when they are in the batch. @returns nothing when none waits or another works. */
async function takeBatch(transaction: MpiTransaction, most: number): Promise<{ is_last: boolean } | undefined> {
  const { rows } = await sql<{ is_ours: boolean }>`
    select pg_try_advisory_xact_lock(${batches_lock}::bigint) as is_ours`.execute(transaction);
  if (!rows[0]!.is_ours) return undefined;
  const last = await transaction
    .selectFrom('mpi.version_batches')
    .select('position')
    .orderBy('position', 'desc')
    .limit(1)
    .executeTakeFirst();
  const position = (last?.position ?? 0) + 1;
  const { digests, taken } = await takeVersions(transaction, position, most);
  const is_last = taken < most;
  if (digests.length === 0) return is_last ? undefined : { is_last };
  await sql`
    insert into mpi.version_batches (position, root, count, is_last, taken_at)
    select ${position}, ${foldDigests(digests)}, ${digests.length}, ${is_last},
      greatest(clock_timestamp(), max(taken_at) + interval '1 microsecond')
    from mpi.version_batches where position = ${position} - 1`.execute(transaction);
  return { is_last };
}

/** By where they lie (`ctid`): they are never updated, and nobody else deletes them. One that waits twice is taken once. */
async function takeVersions(transaction: MpiTransaction, position: number, most: number) {
  const { rows } = await sql<{ digests: Buffer[] | null; taken: number }>`
    with taken as (
      delete from mpi.unbatched_versions
      where ctid = any(array(select ctid from mpi.unbatched_versions limit ${sql.lit(most)}))
      returning person_id, version
    ), batched as (
      insert into mpi.batched_versions (person_id, version, batch, digest)
      select distinct row.person_id, row.version, ${position}::bigint, ${digestOf('row')}
      from taken join mpi.person_versions row on row.person_id = taken.person_id and row.version = taken.version
      on conflict (person_id, version) do nothing
      returning digest
    )
    select (select array_agg(digest order by digest) from batched) as digests, (select count(*) from taken) as taken`.execute(
    transaction,
  );
  const { digests, taken } = rows[0]!;
  return { digests: digests ?? [], taken };
}
