import { retryOnConflict } from '@zdravo/kit/db';
import { appendEvents } from '@zdravo/kit/events';
import { conflict } from '@zdravo/kit/problem';
import { sql } from 'kysely';
import type { Asker, MpiDeps, MpiTransaction } from '../deps.ts';
import { readGenerationsLine } from '../indexes/generations.ts';
import { type LivingHead, living, lockHead, mergedIds } from '../persons/heads.ts';
import { idLock, withLocks } from '../persons/locks.ts';
import { phoneTokensAround, refreshPhoneFanout } from '../persons/phone-fanout.ts';
import { type WriteContext, writeAudit } from '../persons/write-version.ts';
import { appendLinkEvent, isDone, isNeverLink, type LinkOrder } from './link-events.ts';

/**
 * Merges one person into another: from now on the old id answers with the parent. Nothing of either is lost; the merged
 * person's index rows stay and lead to the parent. A parent given by an old id is followed; so are those who were merged
 * into the merged person before.
 * @throws Problem 404, 410; 409 `same_person`, `already_merged`, `never_link`.
 */
export async function mergePersons(deps: MpiDeps, order: Omit<LinkOrder, 'actor_id'>, asker: Asker): Promise<void> {
  await retryOnConflict(() =>
    withLocks(
      deps,
      async ({ serving }) => [
        idLock(order.id),
        ...(await phoneTokensAround(deps.db, serving.key_id, [order.parent_id, order.merged_id])),
      ],
      async (transaction, generations, held) => {
        held.confirm(await readGenerationsLine(transaction));
        if (await isDone(transaction, order.id)) return;
        const [parent, merged] = await lockBoth(transaction, order);
        const moved = [merged.id, ...(await mergedIds(transaction, merged.id))];
        await link(transaction, { ...order, actor_id: asker.actor_id }, { parent, moved });
        await announceMerge(transaction, parent, moved);
        await recount({ deps, transaction, generations, held }, [parent.id]);
        await writeAudit(transaction, asker, 'person.merged', merged.id, { parent_id: parent.id, order_id: order.id });
      },
    ),
  );
}

/** Both heads, locked in the order of their ids, whoever asks for whom. */
async function lockBoth(
  transaction: MpiTransaction,
  order: Pick<LinkOrder, 'parent_id' | 'merged_id' | 'despite_parting'>,
): Promise<[LivingHead, LivingHead]> {
  const heads = new Map<string, LivingHead>();
  for (const id of [order.parent_id, order.merged_id].sort()) heads.set(id, living(await lockHead(transaction, id)));
  const parent = heads.get(order.parent_id)!;
  const merged = heads.get(order.merged_id)!;
  if (parent.id === merged.id) throw conflict('These are one person already.', 'same_person');
  if (merged.id !== order.merged_id) throw conflict('This person was merged before.', 'already_merged');
  const families = await Promise.all(
    [parent, merged].map(async ({ id }) => [id, ...(await mergedIds(transaction, id))]),
  );
  if (!order.despite_parting && (await isNeverLink(transaction, families[0]!, families[1]!)))
    throw conflict('People parted these persons for good.', 'never_link');
  return [parent, merged];
}

/** The link names the record that was meant, which may be merged itself: an unmerge of that one takes this one along. */
async function link(
  transaction: MpiTransaction,
  order: LinkOrder,
  { parent, moved }: { parent: LivingHead; moved: string[] },
): Promise<void> {
  const [merged_id, ...below] = moved;
  // First those below, for a person whom others point to cannot cease to be a root.
  if (below.length > 0)
    await transaction.updateTable('mpi.persons').set({ parent_id: parent.id }).where('id', 'in', below).execute();
  await transaction
    .updateTable('mpi.persons')
    .set({ status: 'merged', parent_id: parent.id, merged_at: sql`now()`, updated_at: sql`now()` })
    .where('id', '=', merged_id!)
    .execute();
  const meant = await transaction
    .selectFrom('mpi.persons')
    .select('id')
    .where('id', '=', order.parent_id)
    .executeTakeFirst();
  await appendLinkEvent(transaction, 'merge', { ...order, parent_id: meant?.id ?? parent.id });
}

/** Everybody who follows persons hears of each id that has a new parent. */
async function announceMerge(transaction: MpiTransaction, parent: LivingHead, moved: string[]): Promise<void> {
  const rows = await transaction
    .selectFrom('mpi.persons')
    .select(['id', 'pseudonym'])
    .where('id', 'in', moved)
    .execute();
  const events = rows.map(({ id, pseudonym }) => ({
    type: 'person.merged',
    object_type: 'person',
    object_id: id,
    payload: { parent_id: parent.id, pseudonym, parent_pseudonym: parent.pseudonym },
  }));
  await appendEvents(transaction, 'mpi', events);
}

/** Merged persons count as one on their telephones, parted ones as two. */
export async function recount({ transaction, generations, held }: WriteContext, ids: readonly string[]): Promise<void> {
  const { key_id } = generations.serving;
  const tokens = await phoneTokensAround(transaction, key_id, ids);
  held.require(tokens);
  if (tokens.length === 0) return;
  await refreshPhoneFanout(transaction, key_id, { person_ids: ids, tokens });
}
