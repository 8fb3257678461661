import { retryOnConflict } from '@zdravo/kit/db';
import { KeyError } from '@zdravo/kit/keys';
import { sql } from 'kysely';
import type { MpiDeps, MpiTransaction } from '../deps.ts';
import { writeSketch } from '../linkage/write-sketch.ts';
import { phone_index, refreshPhoneFanout } from '../persons/phone-fanout.ts';
import { versionsOf } from '../persons/read-versions.ts';
import { generations_lock } from './generations.ts';
import { addIndexRows, claimIdentityKeys } from './index-rows.ts';
import type { TokenMaker } from './tokens.ts';

type Deps = Pick<MpiDeps, 'db' | 'keys' | 'sketch_keys' | 'sketch_epoch' | 'generations' | 'log'>;
type Stopping = AbortSignal | undefined;

const batch_size = 100;

/**
 * Brings the blind indexes to the provider's current generation of keys, from the sealed versions. Writes go on
 * meanwhile and keep both generations; look-ups change over when all is done. A stopped run is taken up where it was.
 * @param current_key_id the provider's current generation.
 */
export async function reindexPersons(deps: Deps, current_key_id: string, signal?: Stopping): Promise<void> {
  await startGeneration(deps, current_key_id);
  for (const { key_id } of await unfinished(deps)) {
    await build(deps, await deps.generations.makerOf(key_id), signal);
    if (signal?.aborted) return;
    await serve(deps, key_id);
  }
  await retire(deps, signal);
}

async function startGeneration(deps: Deps, key_id: string): Promise<void> {
  const maker = await deps.generations.makerOf(key_id);
  await exclusively(deps, async (transaction) => {
    await sql`
      insert into mpi.index_generations (key_id, state, key_check)
      select ${key_id}, 'building', ${maker.key_check}
      where not exists (select from mpi.index_generations where key_id = ${key_id} or state = 'building')`.execute(
      transaction,
    );
  });
}

async function unfinished(deps: Deps): Promise<{ key_id: string }[]> {
  return deps.db
    .selectFrom('mpi.index_generations')
    .select('key_id')
    .where('state', '<>', 'retiring')
    .where('finished_at', 'is', null)
    .execute();
}

async function build(deps: Deps, maker: TokenMaker, signal: Stopping): Promise<void> {
  await sql`
    update mpi.index_generations set total = (select count(*) from mpi.persons where status <> 'erased')
    where key_id = ${maker.key_id} and cursor is null`.execute(deps.db);
  for (;;) {
    if (signal?.aborted) return;
    const done = await retryOnConflict(() => deps.db.transaction().execute((tx) => buildBatch(deps, tx, maker)));
    if (done === 0) return;
  }
}

/** The next persons in the order of their ids, with the cursor moved in the same transaction. */
async function buildBatch(deps: Deps, transaction: MpiTransaction, maker: TokenMaker): Promise<number> {
  const { rows } = await sql<{ id: string; status: string }>`
    select id, status from mpi.persons
    where id > coalesce((select cursor from mpi.index_generations where key_id = ${maker.key_id}),
      '00000000-0000-0000-0000-000000000000') and status <> 'erased'
    order by id limit ${batch_size} for no key update`.execute(transaction);
  for (const { id } of rows) await indexOne(deps, transaction, maker, id);
  const last = rows.at(-1);
  if (last)
    await sql`
      update mpi.index_generations set cursor = ${last.id}::uuid, done = done + ${rows.length}, updated_at = now()
      where key_id = ${maker.key_id}`.execute(transaction);
  return rows.length;
}

async function indexOne(deps: Deps, transaction: MpiTransaction, maker: TokenMaker, id: string): Promise<void> {
  try {
    const versions = await versionsOf(deps, transaction, id);
    const generations = { serving: maker, written: [maker] };
    for (const { person } of versions) await claimIdentityKeys(transaction, generations, id, person);
    const present = versions.at(-1)!.person;
    await addIndexRows(transaction, generations, id, present);
    await writeSketch(deps, transaction, { generations, person_id: id, person: present });
    const rows = maker.indexTokens(present).filter((row) => row.index_id === phone_index);
    const tokens = rows.map((row) => row.token);
    const serving = deps.generations.current().serving.key_id === maker.key_id;
    if (serving && tokens.length > 0) await refreshPhoneFanout(transaction, maker.key_id, { person_ids: [id], tokens });
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    deps.log.error({ err: error, person_id: id }, `a person is left out of the new indexes: ${error.hint}`);
  }
}

/** Look-ups change over; the generation before retires. */
async function serve(deps: Deps, key_id: string): Promise<void> {
  await exclusively(deps, async (transaction) => {
    await sql`
      update mpi.index_generations set state = 'retiring', cursor = null, done = 0, finished_at = null
      where state = 'serving' and key_id <> ${key_id}`.execute(transaction);
    await sql`
      update mpi.index_generations set state = 'serving', finished_at = now(), updated_at = now()
      where key_id = ${key_id}`.execute(transaction);
  });
}

/** Deletes the rows of retired generations, person by person. */
async function retire(deps: Deps, signal: Stopping): Promise<void> {
  while (!signal?.aborted) {
    const { rows } = await sql<{ key_id: string; cursor: string | null }>`
      select key_id, cursor from mpi.index_generations where state = 'retiring' limit 1`.execute(deps.db);
    const [generation] = rows;
    if (!generation) return;
    await deps.db.transaction().execute((transaction) => retireBatch(transaction, generation));
  }
}

async function retireBatch(
  transaction: MpiTransaction,
  { key_id, cursor }: { key_id: string; cursor: string | null },
): Promise<void> {
  const persons = await transaction
    .selectFrom('mpi.persons')
    .select('id')
    .where('id', '>', cursor ?? '00000000-0000-0000-0000-000000000000')
    .orderBy('id')
    .limit(10 * batch_size)
    .execute();
  if (persons.length === 0) {
    await transaction.deleteFrom('mpi.index_generations').where('key_id', '=', key_id).execute();
    return;
  }
  const ids = persons.map(({ id }) => id);
  for (const table of ['mpi.blind_indexes', 'mpi.identity_keys', 'mpi.linkage_sketches', 'mpi.linkage_blocks'] as const)
    await transaction.deleteFrom(table).where('person_id', 'in', ids).where('key_id', '=', key_id).execute();
  await transaction
    .updateTable('mpi.index_generations')
    .set({ cursor: ids.at(-1)! })
    .where('key_id', '=', key_id)
    .execute();
}

/** Every write holds this lock shared, so that none is between the generations. */
async function exclusively(deps: Deps, work: (transaction: MpiTransaction) => Promise<void>): Promise<void> {
  await deps.db.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(${generations_lock}::bigint)`.execute(transaction);
    await work(transaction);
  });
  await deps.generations.refresh();
}
