import { hashLeaf } from '@zdravo/tlog';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';
import { commitment } from '../versions.ts';
import type { FindingList } from './findings.ts';

type StoredErasure = {
  person_id: string;
  body: Buffer | null;
  seed: Buffer | null;
  leaf_hash: Buffer | null;
  entry: Buffer | null;
  leaf_index: number | null;
};

const chunk_size = 1000;

/**
 * Every erasure has its leaf and every erase leaf its order, unaltered and given by two different officers: who drops
 * keys without an order cannot pass for one that had it. @returns how many there are.
 */
export async function auditErasures(db: Kysely<Tables>, since: string, list: FindingList): Promise<number> {
  let count = 0;
  for (let after = '00000000-0000-0000-0000-000000000000'; ; ) {
    const { rows } = await sql<StoredErasure>`
      select coalesce(erasure.person_id, leaf.record_id) as person_id, erasure.body, erasure.seed, erasure.leaf_hash, leaf.entry, leaf.leaf_index
      from ops.erasures erasure
      full join (
        select record_id, entry, leaf_index from ops.log_entries where kind = 'erasure'
        union all select record_id, entry, null from ops.pending_leaves where kind = 'erasure'
      ) leaf on leaf.record_id = erasure.person_id
      where coalesce(erasure.person_id, leaf.record_id) > ${after}
      order by 1 limit ${chunk_size}`.execute(db);
    for (const row of rows) auditErasure(row, since, list);
    count += rows.length;
    if (rows.length < chunk_size) return count;
    after = rows.at(-1)!.person_id;
  }
}

function auditErasure(row: StoredErasure, since: string, list: FindingList): void {
  const difference = findDifference(row);
  if (!difference) return;
  const { person_id, leaf_index } = row;
  list.add({
    code: difference.code,
    record: { kind: 'erasure', id: person_id },
    ...(leaf_index === null ? {} : { leaf_index }),
    detail: `It is the erasure of person ${person_id}. ${difference.detail} ${since}`,
  });
}

type Difference = { code: 'record_missing' | 'record_unlogged' | 'record_altered'; detail: string };

function findDifference({ person_id, body, seed, leaf_hash, entry }: StoredErasure): Difference | undefined {
  if (!body || !seed || !leaf_hash) return { code: 'record_missing', detail: 'Its order is gone.' };
  if (!entry) return { code: 'record_unlogged', detail: 'No leaf stands for it.' };
  const altered = (detail: string) => ({ code: 'record_altered', detail }) as const;
  if (!Buffer.from(hashLeaf(entry)).equals(leaf_hash))
    return altered('The fingerprint stored beside its order is not the published one.');
  const { c } = JSON.parse(entry.toString()) as { c: string };
  if (commitment(seed, body).toString('base64') !== c)
    return altered('The stored order does not give the fingerprint that was published.');
  const order = JSON.parse(body.toString()) as { person_id: string; ordered_by: string; approved_by: string };
  if (order.person_id !== person_id) return altered('The order is about somebody else.');
  return order.ordered_by === order.approved_by ? altered('One officer alone gave the order.') : undefined;
}
