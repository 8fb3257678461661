import { type KeyObject, randomBytes } from 'node:crypto';
import { canonicalJson, hashLeaf } from '@zdravo/tlog';
import { sql, type Transaction } from 'kysely';
import { lockPersons, type OpsDeps } from './declarations.ts';
import type { Tables } from './tables.ts';
import { commitment, handleOf } from './versions.ts';

export type LinkOp = 'merge' | 'unmerge';
export type PersonLink = { person_id: string; parent_id: string; op: LinkOp; actor_id: string };

const batch_size = 500;

/**
 * Appends a merge or its end to the person's links, with the leaf that commits to it, unless that is what the last link
 * says. The caller holds the person's lock.
 */
export async function logPersonLink(
  { handle_key, clock }: Pick<OpsDeps, 'handle_key' | 'clock'>,
  transaction: Transaction<Tables>,
  { person_id, parent_id, op, actor_id }: PersonLink,
): Promise<void> {
  const last = await transaction
    .selectFrom('ops.person_links')
    .select(['version', 'op', 'parent_id'])
    .where('person_id', '=', person_id)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  const is_said = op === 'merge' ? last?.op === 'merge' && last.parent_id === parent_id : last?.op !== 'merge';
  if (is_said) return;
  const version = (last?.version ?? 0) + 1;
  const logged_at = clock.now().toISOString();
  const body = Buffer.from(canonicalJson({ person_id, parent_id, op, version, actor_id, logged_at }));
  const seed = randomBytes(32);
  const entry = linkEntry({ person_id, op, version, body, seed }, handle_key);
  await sql`
    with link as (
      insert into ops.person_links (person_id, version, op, parent_id, body, seed, leaf_hash)
      values (${person_id}, ${version}, ${op}, ${parent_id}, ${body}, ${seed}, ${Buffer.from(hashLeaf(entry))})
    )
    insert into ops.pending_leaves (kind, record_id, version, entry)
    values ('person_link', ${person_id}, ${version}, ${entry})`.execute(transaction);
}

/** The public leaf of a merge or its end: anyone counts them, nobody sees whose. */
function linkEntry(
  link: { person_id: string; op: LinkOp; version: number; body: Uint8Array; seed: Uint8Array },
  handle_key: KeyObject,
): Buffer {
  return Buffer.from(
    canonicalJson({
      c: commitment(link.seed, link.body).toString('base64'),
      h: handleOf(`person_link ${link.person_id}`, handle_key),
      k: 'person_link',
      n: link.version,
      op: link.op,
      v: 1,
    }),
  );
}

/** Aliases of which no link tells, and links without their alias: an alias leads to the root, a link to whom was meant. */
export const unlogged_aliases = sql`
  select alias.person_id, alias.parent_id
  from ops.person_aliases alias
  left join lateral (
    select op, parent_id from ops.person_links link where link.person_id = alias.person_id order by version desc limit 1
  ) last on true
  left join ops.person_aliases above on above.person_id = last.parent_id
  where last.op is distinct from 'merge' or coalesce(above.parent_id, last.parent_id) <> alias.parent_id`;

/** Brings aliases into the log that were stored before merges stood there. Safe to stop and to repeat. */
export async function logOlderAliases(deps: OpsDeps, actor_id: string): Promise<void> {
  for (;;) {
    const { rows } = await sql<{ person_id: string; parent_id: string }>`
      ${unlogged_aliases} order by alias.person_id limit ${batch_size}`.execute(deps.db);
    for (const { person_id } of rows)
      await deps.db.transaction().execute(async (transaction) => {
        await lockPersons(transaction, [person_id]);
        const alias = await transaction
          .selectFrom('ops.person_aliases')
          .select('parent_id')
          .where('person_id', '=', person_id)
          .executeTakeFirst();
        if (alias) await logPersonLink(deps, transaction, { person_id, ...alias, op: 'merge', actor_id });
      });
    if (rows.length < batch_size) return;
  }
}
