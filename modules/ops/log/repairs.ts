import { frontierRoot, hashLeaf, readEntries, readRoot, verifyCheckpoint } from '@zdravo/tlog';
import { type Kysely, sql, type Transaction } from 'kysely';
import { batch_mark } from '../person-version-batches.ts';
import type { Tables } from '../tables.ts';
import { refuseWitnessFork } from './fork-guard.ts';
import { leader_lock } from './leadership.ts';
import { readFrontier, storeHead } from './placing.ts';
import { loadSignedEdge, signedHead } from './published-edge.ts';
import { LogRefusal } from './refusals.ts';
import { signed_name, type TransparencyLog } from './transparency-log.ts';

const chunk_size = 4096;

/** What an operator is told after a refill. */
export type Refill = {
  refilled: number;
  /** Leaves whose record the restored database does not hold: those records were lost with the backup. */
  without_record: number;
};

/**
 * After PostgreSQL was restored from an older backup: takes the leaves that it lost out of the published bundles, which
 * are first checked against the signed root. Pending leaves that had their place already are dropped. As the
 * migrator's role, while no sequencer runs.
 * @throws LogRefusal `database_forked` when the database is not the beginning of the signed log, `tiles_damaged`.
 */
export async function refillFromBundles(db: Kysely<Tables>, log: TransparencyLog): Promise<Refill> {
  const signed = await loadSignedEdge(log);
  return db.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(${leader_lock})`.execute(transaction);
    const before = await readFrontier(transaction);
    if (before.end >= signed.size) return { refilled: 0, without_record: 0 };
    const root = await readRoot({ store: log.tiles, size: before.end });
    if (!Buffer.from(root).equals(frontierRoot(before)))
      throw new LogRefusal('database_forked', `another root at ${before.end} leaves`);
    await collectEntries(transaction, log, { from: before.end, size: signed.size });
    const refill = await moveEntries(transaction);
    await storeHead(transaction, { start: 0n, end: signed.size, hashes: [...signed.frontier.hashes] });
    return refill;
  });
}

/**
 * After the store of signed checkpoints was lost: puts the newest published checkpoint of the database into it, if it
 * has its quorum and no witness knows a larger one.
 * @returns its size; undefined when nothing was to be done. @throws LogRefusal, TlogError `quorum_missing`.
 */
export async function adoptPublished(db: Kysely<Tables>, log: TransparencyLog): Promise<number | undefined> {
  const row = await db
    .selectFrom('ops.log_checkpoints')
    .selectAll()
    .orderBy('size', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!row) return undefined;
  const stored = await log.checkpoints.get(signed_name);
  if (stored && signedHead(log, stored).size >= BigInt(row.size)) return undefined;
  verifyCheckpoint(row.note, log.policy);
  await refuseWitnessFork(log, { size: BigInt(row.size), root: row.root });
  if (!(await log.checkpoints.compareAndSwap(signed_name, stored, row.note)))
    throw new Error('The store of checkpoints changed meanwhile; is a sequencer running?');
  return row.size;
}

async function collectEntries(
  transaction: Transaction<Tables>,
  log: TransparencyLog,
  range: { from: bigint; size: bigint },
): Promise<void> {
  await sql`create temporary table refilled (leaf_index bigint, entry bytea, leaf_hash bytea) on commit drop`.execute(
    transaction,
  );
  let chunk: { index: bigint; entry: Uint8Array }[] = [];
  const flush = async () => {
    const entries = chunk.map(({ entry }) => Buffer.from(entry));
    await sql`
      insert into refilled select * from unnest(${chunk.map(({ index }) => String(index))}::bigint[],
        ${entries}::bytea[], ${entries.map((entry) => Buffer.from(hashLeaf(entry)))}::bytea[])`.execute(transaction);
    chunk = [];
  };
  for await (const one of readEntries(log.tiles, range)) {
    chunk.push(one);
    if (chunk.length === chunk_size) await flush();
  }
  if (chunk.length > 0) await flush();
}

/**
 * Each leaf finds its record by its hash; a leaf of another kind keeps the record of its pending row. One of a batch of persons'
 * versions says all that its record holds: that is made anew, so that the batch does not get a second leaf.
 */
async function moveEntries(transaction: Transaction<Tables>): Promise<Refill> {
  const { rows } = await sql<Refill>`
    with pending as (
      delete from ops.pending_leaves where entry in (select entry from refilled)
      returning entry, kind, record_id, version
    ), batch as (
      insert into ops.person_version_batches (id, leaf_hash)
      select (convert_from(entry, 'UTF8')::jsonb ->> 'h')::uuid, leaf_hash from refilled where position(${batch_mark} in entry) > 0
      on conflict (id) do update set id = excluded.id
      returning id, leaf_hash, 'person_versions' as kind, 1 as version
    ), moved as (
      insert into ops.log_entries (leaf_index, entry, kind, record_id, version)
      select refilled.leaf_index, refilled.entry, coalesce(batch.kind, pending.kind, 'declaration'),
        coalesce(batch.id, pending.record_id, stored.declaration_id), coalesce(batch.version, pending.version, stored.version)
      from refilled
      left join batch on batch.leaf_hash = refilled.leaf_hash
      left join pending on pending.entry = refilled.entry
      left join ops.declaration_versions stored on stored.leaf_hash = refilled.leaf_hash
      returning record_id
    )
    select count(*) as refilled, count(*) filter (where record_id is null) as without_record from moved`.execute(
    transaction,
  );
  return rows[0]!;
}
