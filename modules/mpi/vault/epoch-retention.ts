import type { KeyStore } from '@zdravo/kit/keys';
import { type Kysely, sql } from 'kysely';
import type { MpiDeps } from '../deps.ts';
import type { Tables } from '../tables.ts';

/** The keys of epochs of one kind. */
export type EpochKeyStore = { purpose: string; keys: Pick<KeyStore, 'drop' | 'owners'> };

type Deps = Pick<MpiDeps, 'db' | 'clock' | 'log' | 'epoch_keys'>;

/** As long as a backup of the index may be restored beside the present keys: its sketches must still open. */
const kept_days = 35;

/**
 * Drops the keys of epochs in which nothing has been sealed for `kept_days`: a copy of what was sealed in them opens for nobody
 * any more. It may be stopped anywhere; an epoch that turns out to be in use after all begins its days anew.
 * @returns how many keys were dropped.
 */
export async function dropUnusedEpochs(deps: Deps): Promise<number> {
  let dropped = 0;
  for (const { purpose, keys } of deps.epoch_keys) {
    const due = await markUnused(deps, purpose, await keys.owners());
    for (const id of due) if (await keys.drop(id)) dropped += 1;
    await forget(deps.db, purpose, due);
  }
  if (dropped > 0) deps.log.info({ dropped }, 'keys of epochs in which nothing is sealed any more were dropped');
  return dropped;
}

/** Notes since when those of these epochs are unused that are, and forgets the others. @returns those that are due. */
async function markUnused({ db, clock }: Deps, purpose: string, ids: readonly string[]): Promise<string[]> {
  const now = clock.now();
  return db.transaction().execute(async (transaction) => {
    await sql`set local statement_timeout = '1h'`.execute(transaction);
    const { rows } = await sql<{ epoch_id: string }>`
      with unused as materialized (
        select epoch_id from unnest(${ids}::uuid[]) epoch_id
        where epoch_id not in (select epoch_id from mpi.epochs_in_use() where purpose = ${purpose})
      ),
      others as (
        delete from mpi.unused_epochs where purpose = ${purpose} and epoch_id not in (select epoch_id from unused)
      ),
      newly_unused as (
        insert into mpi.unused_epochs (purpose, epoch_id, unused_since)
        select ${purpose}, epoch_id, ${now}::timestamptz from unused on conflict do nothing
      )
      select epoch_id from unused join mpi.unused_epochs known using (epoch_id)
      where known.purpose = ${purpose} and known.unused_since < ${now}::timestamptz - make_interval(days => ${kept_days})`.execute(
      transaction,
    );
    return rows.map(({ epoch_id }) => epoch_id);
  });
}

async function forget(db: Kysely<Tables>, purpose: string, ids: readonly string[]): Promise<void> {
  await sql`delete from mpi.unused_epochs where purpose = ${purpose} and epoch_id = any(${ids}::uuid[])`.execute(db);
}
