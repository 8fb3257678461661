import { conflict } from '@zdravo/kit/problem';
import { canonicalJson, hashLeaf } from '@zdravo/tlog';
import { type Kysely, sql } from 'kysely';
import type { OpsDeps } from './declarations.ts';
import type { NewPersonVersionBatch, PersonVersionBatch } from './person-version-contract.ts';
import type { Tables } from './tables.ts';

/** What the leaf of a batch says, in the members that every leaf has and two of its own. */
export type BatchEntry = {
  /** Root of the batch, base64. */
  c: string;
  /** Its id, which names nobody. */
  h: string;
  k: 'person_versions';
  /** How many versions it holds. */
  m: number;
  n: 1;
  /** `all`: no version waited after it. */
  op: 'all' | 'part';
  /** When it was taken. */
  t: string;
  v: 1;
};

/** How an entry of a batch is told from others, as bytes: canonical JSON writes it in one way. */
export const batch_mark = Buffer.from('"k":"person_versions"');

/**
 * Commits a batch of versions of persons to the log, once. Safe to repeat with the same batch: the entry is made of nothing
 * but what was brought. @throws Problem 409 `person_version_batch_differs`
 */
export async function putPersonVersionBatch(
  { db, heads }: Pick<OpsDeps, 'db' | 'heads'>,
  id: string,
  batch: NewPersonVersionBatch,
): Promise<PersonVersionBatch> {
  heads.refuseWhenBehind();
  const entry = Buffer.from(canonicalJson(batchEntry(id, batch)));
  const leaf_hash = Buffer.from(hashLeaf(entry));
  await sql`
    with batch as (
      insert into ops.person_version_batches (id, leaf_hash) values (${id}, ${leaf_hash}) on conflict do nothing returning id
    )
    insert into ops.pending_leaves (kind, record_id, version, entry)
    select 'person_versions', id, 1, ${entry}::bytea from batch`.execute(db);
  const stored = await db
    .selectFrom('ops.person_version_batches')
    .select('leaf_hash')
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  if (!stored.leaf_hash.equals(leaf_hash))
    throw conflict('Another batch is logged under this id.', 'person_version_batch_differs');
  return { id, leaf_hash: leaf_hash.toString('hex') };
}

/** Which of these batches have their leaf. */
export async function findPersonVersionBatches(db: Kysely<Tables>, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const rows = await db.selectFrom('ops.person_version_batches').select('id').where('id', 'in', ids).execute();
  return rows.map(({ id }) => id);
}

function batchEntry(id: string, { root, count, is_last, taken_at }: NewPersonVersionBatch): BatchEntry {
  const c = Buffer.from(root, 'hex').toString('base64');
  return { c, h: id, k: 'person_versions', m: count, n: 1, op: is_last ? 'all' : 'part', t: taken_at, v: 1 };
}
