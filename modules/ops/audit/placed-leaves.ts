import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';
import type { FindingList } from './findings.ts';

/** What the database said of its leaves before the published checkpoint was read: by then all of it was published. */
export type PlacedLeaves = {
  /** Of the newest checkpoint that it knows: it is told of one when that is published. */
  checkpoint_size: number;
  /** Of the newest head that was placed more than a minute before. */
  due_size: number;
  /** Leaves beyond all that were ever placed; one would pass for the leaf of a record that was inserted past the log. */
  stray: number;
};

/** A leaf is published within seconds. */
const longest_wait_s = 60;

export async function readPlaced(db: Kysely<Tables>): Promise<PlacedLeaves> {
  const { rows } = await sql<PlacedLeaves>`
    select (select coalesce(max(size), 0) from ops.log_checkpoints) as checkpoint_size,
      (select coalesce(max(size), 0) from ops.log_heads where at < now() - make_interval(secs => ${longest_wait_s})) as due_size,
      (select count(*) from ops.log_entries
        where leaf_index >= (select coalesce(max(size), 0) from ops.log_heads)) as stray`.execute(db);
  return rows[0]!;
}

/** Leaves of the database that no published checkpoint holds cannot be ours. */
export function auditPlaced(placed: PlacedLeaves, size: bigint, list: FindingList): void {
  const { checkpoint_size, due_size, stray } = placed;
  const add = (detail: string) => list.add({ code: 'entry_unpublished', detail });
  if (checkpoint_size > size)
    add(`The database knows a checkpoint over ${checkpoint_size}, published are ${size} leaves.`);
  if (due_size > size) add(`More than a minute ago the database had placed ${due_size} leaves, published are ${size}.`);
  if (stray > 0) add(`The database holds ${stray} leaves beyond all that were placed.`);
}
