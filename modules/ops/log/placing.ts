import {
  appendLeaves,
  decodeFrontier,
  EMPTY_FRONTIER,
  encodeFrontier,
  type Frontier,
  frontierRoot,
  hashLeaf,
} from '@zdravo/tlog';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';

const batch_size = 4096;

/** Leaves that were placed one after the other: the place of the first, and their entries. */
export type Placed = { first: bigint; entries: Uint8Array[] };

/**
 * Gives waiting leaves their gap-free places, in one transaction with the tree's frontier and the new head: a crash
 * loses and repeats nothing. Only leaves of committed transactions are seen; a late committer gets a later place. Rows are
 * taken by where they lie (`ctid`), which is safe because they are never updated and only the one leader deletes them.
 * @returns what was placed; fewer than the largest batch when none wait any more.
 */
export async function placeBatch(db: Kysely<Tables>): Promise<Placed & { is_last: boolean }> {
  return db.transaction().execute(async (transaction) => {
    const before = await readFrontier(transaction);
    const { rows } = await sql<{ leaf_index: number; entry: Buffer }>`
      with taken as (
        delete from ops.pending_leaves where ctid = any(array(select ctid from ops.pending_leaves limit ${batch_size}))
        returning position, kind, record_id, version, entry
      )
      insert into ops.log_entries (leaf_index, entry, kind, record_id, version)
      select ${Number(before.end)} + row_number() over (order by position) - 1, entry, kind, record_id, version from taken
      returning leaf_index, entry`.execute(transaction);
    if (rows.length === 0) return { first: before.end, entries: [], is_last: true };
    const entries = rows.sort((a, b) => a.leaf_index - b.leaf_index).map((row) => row.entry);
    await storeHead(transaction, appendLeaves(before, entries.map(hashLeaf)));
    return { first: before.end, entries, is_last: rows.length < batch_size };
  });
}

/** The frontier of all placed leaves. */
export async function readFrontier(db: Kysely<Tables>): Promise<Frontier> {
  const state = await db.selectFrom('ops.log_state').select('frontier').executeTakeFirst();
  return state ? decodeFrontier(state.frontier) : EMPTY_FRONTIER;
}

/** Writes the frontier and, as a row that is never changed, the head that it stands for. */
export async function storeHead(db: Kysely<Tables>, frontier: Frontier): Promise<void> {
  const bytes = Buffer.from(encodeFrontier(frontier));
  const root = Buffer.from(frontierRoot(frontier));
  await sql`
    with state as (
      insert into ops.log_state (frontier) values (${bytes})
      on conflict (only_row) do update set frontier = excluded.frontier
    )
    insert into ops.log_heads (size, root) values (${Number(frontier.end)}, ${root})`.execute(db);
}
