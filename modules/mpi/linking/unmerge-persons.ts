import { randomUUID } from 'node:crypto';
import { retryOnConflict } from '@zdravo/kit/db';
import { appendEvents } from '@zdravo/kit/events';
import { conflict, notFound } from '@zdravo/kit/problem';
import { sql } from 'kysely';
import type { Asker, MpiDeps, MpiTransaction } from '../deps.ts';
import { readGenerationsLine } from '../indexes/generations.ts';
import { type LivingHead, living, lockHead, mergedIds } from '../persons/heads.ts';
import { idLock, withLocks } from '../persons/locks.ts';
import { phoneTokensAround } from '../persons/phone-fanout.ts';
import { type WriteContext, writeAudit } from '../persons/write-version.ts';
import { readable } from '../vault/unreadable.ts';
import { divideHistory } from './divide-history.ts';
import { appendLinkEvent, directParents, familyOf, isDone, type LinkOrder } from './link-events.ts';
import { recount } from './merge-persons.ts';
import { askForReview } from './review-items.ts';

/**
 * Takes a merge back, at any time and after any later edits: what was written under the merged person's ids goes with
 * them, what was written under the parent's stays, and no machine links the two again. People look at parents who were
 * edited meanwhile.
 * @throws Problem 404; 409 `not_merged`; 410 for an erased person.
 */
export async function unmergePersons(
  deps: MpiDeps,
  order: { id: string; merged_id: string; reason: string },
  asker: Asker,
): Promise<void> {
  await readable(deps, () =>
    retryOnConflict(() =>
      withLocks(
        deps,
        async ({ serving }) => [
          idLock(order.id),
          ...(await phoneTokensAround(deps.db, serving.key_id, [order.merged_id])),
        ],
        async (transaction, generations, held) => {
          held.confirm(await readGenerationsLine(transaction));
          if (await isDone(transaction, order.id)) return;
          const root = living(await lockHead(transaction, order.merged_id));
          const merged_at = await mergedAt(transaction, order.merged_id);
          await part({ deps, transaction, generations, held }, { root, order, asker, merged_at });
        },
      ),
    ),
  );
}

async function mergedAt(transaction: MpiTransaction, id: string): Promise<string> {
  const head = await transaction
    .selectFrom('mpi.persons')
    .select(['status', 'merged_at'])
    .where('id', '=', id)
    .executeTakeFirst();
  if (!head) throw notFound();
  if (head.status !== 'merged' || !head.merged_at) throw conflict('This person is not merged.', 'not_merged');
  return head.merged_at;
}

type Parting = {
  root: LivingHead;
  order: { id: string; merged_id: string; reason: string };
  asker: Asker;
  merged_at: string;
};

async function part(context: WriteContext, { root, order, asker, merged_at }: Parting): Promise<void> {
  const { transaction } = context;
  const links = await directParents(transaction, await mergedIds(transaction, root.id));
  const leaving = familyOf(order.merged_id, links);
  const left = chainUp(order.merged_id, links);
  const restored = await restore(transaction, order.merged_id, leaving);
  await writeEvents(transaction, { ...order, parent_id: left[0]!, actor_id: asker.actor_id }, root);
  await announceUnmerge(transaction, root, leaving);
  const edited = await divideHistory(context, { left, leaving, restored, merged_at, asker });
  if (edited) await askForReview(transaction, 'late_facts', [[root.id, restored.id]]);
  await recount(context, [root.id, restored.id]);
  await writeAudit(transaction, asker, 'person.unmerged', restored.id, { parent_id: root.id, order_id: order.id });
}

/** Those above a merged person, nearest first. */
function chainUp(id: string, links: ReadonlyMap<string, string>): string[] {
  const parent = links.get(id);
  return parent === undefined ? [] : [parent, ...chainUp(parent, links)];
}

async function writeEvents(transaction: MpiTransaction, order: LinkOrder, root: LivingHead): Promise<void> {
  await appendLinkEvent(transaction, 'unmerge', order);
  await appendLinkEvent(transaction, 'never_link', { ...order, id: randomUUID() });
  if (root.id !== order.parent_id)
    await appendLinkEvent(transaction, 'never_link', { ...order, id: randomUUID(), parent_id: root.id });
}

/** The person is a root again, with those who had been merged into them. */
async function restore(transaction: MpiTransaction, id: string, leaving: string[]): Promise<LivingHead> {
  await transaction
    .updateTable('mpi.persons')
    .set({ status: 'active', parent_id: null, merged_at: null, updated_at: sql`now()` })
    .where('id', '=', id)
    .execute();
  await transaction
    .updateTable('mpi.persons')
    .set({ parent_id: id })
    .where('id', 'in', leaving)
    .where('id', '<>', id)
    .execute();
  return living(await lockHead(transaction, id));
}

async function announceUnmerge(transaction: MpiTransaction, root: LivingHead, leaving: string[]): Promise<void> {
  const rows = await transaction
    .selectFrom('mpi.persons')
    .select(['id', 'pseudonym', 'parent_id'])
    .where('id', 'in', leaving)
    .execute();
  const restored_pseudonym = rows.find(({ parent_id }) => parent_id === null)?.pseudonym ?? null;
  const events = rows.map(({ id, pseudonym, parent_id }) => ({
    type: 'person.unmerged',
    object_type: 'person',
    object_id: id,
    payload: { from_parent_id: root.id, parent_id, pseudonym, parent_pseudonym: root.pseudonym, restored_pseudonym },
  }));
  await appendEvents(transaction, 'mpi', events);
}
