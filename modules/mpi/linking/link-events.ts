import { sql } from 'kysely';
import type { MpiDatabase, MpiTransaction } from '../deps.ts';

export type LinkKind = 'merge' | 'unmerge' | 'never_link';

/** Why two records were linked or parted, and who says so. */
export type LinkOrder = {
  /** The caller's id of the order: the same order twice is one. */
  id: string;
  parent_id: string;
  merged_id: string;
  /** A word: `automatic`, `reviewed`, `mistake`. */
  reason: string;
  evidence?: Record<string, unknown>;
  /** People agreed on it after they, or others, had parted the two. */
  despite_parting?: boolean;
  actor_id: string | null;
};

export async function appendLinkEvent(transaction: MpiTransaction, kind: LinkKind, order: LinkOrder): Promise<void> {
  const { id, parent_id, merged_id, reason, actor_id } = order;
  const evidence = order.evidence === undefined ? null : JSON.stringify(order.evidence);
  await transaction
    .insertInto('mpi.link_events')
    .values({ id, kind, parent_id, merged_id, reason, actor_id, evidence })
    .execute();
}

export async function isDone(db: MpiDatabase, order_id: string): Promise<boolean> {
  const row = await db.selectFrom('mpi.link_events').select('id').where('id', '=', order_id).executeTakeFirst();
  return row !== undefined;
}

/** Whether people parted somebody of one family from somebody of the other for good: only people may link them again. */
export async function isNeverLink(
  db: MpiDatabase,
  ones: readonly string[],
  others: readonly string[],
): Promise<boolean> {
  const { rows } = await sql`
    select from mpi.link_events
    where kind = 'never_link' and (
      (parent_id = any(${ones}::uuid[]) and merged_id = any(${others}::uuid[])) or
      (parent_id = any(${others}::uuid[]) and merged_id = any(${ones}::uuid[])))
    limit 1`.execute(db);
  return rows.length > 0;
}

/**
 * Whom each of these persons was merged into directly, as the events tell: a child of somebody merged later keeps its
 * own link, though its parent pointer is flat.
 */
export async function directParents(db: MpiDatabase, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('mpi.link_events')
    .select(['kind', 'parent_id', 'merged_id'])
    .where('merged_id', 'in', [...ids])
    .where('kind', '<>', 'never_link')
    .orderBy('position')
    .execute();
  const parents = new Map<string, string>();
  for (const { kind, parent_id, merged_id } of rows) {
    if (kind === 'merge') parents.set(merged_id, parent_id);
    else parents.delete(merged_id);
  }
  return parents;
}

/** All of these persons who reach `root` by direct links, `root` first. */
export function familyOf(root: string, parents: ReadonlyMap<string, string>): string[] {
  const reaches = (id: string): boolean => {
    const parent = parents.get(id);
    return parent === root || (parent !== undefined && reaches(parent));
  };
  return [root, ...[...parents.keys()].filter((id) => id !== root && reaches(id))];
}
