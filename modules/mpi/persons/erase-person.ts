import { retryOnConflict } from '@zdravo/kit/db';
import { appendEvents } from '@zdravo/kit/events';
import { notFound } from '@zdravo/kit/problem';
import { sql } from 'kysely';
import type { Asker, MpiDeps, MpiTransaction } from '../deps.ts';
import { readGenerationsLine } from '../indexes/generations.ts';
import type { Token } from '../indexes/tokens.ts';
import { forgetSketches } from '../linkage/write-sketch.ts';
import { type Head, lockHead, mergedIds } from './heads.ts';
import { idLock, withLocks } from './locks.ts';
import { phoneTokensAround, refreshPhoneFanout } from './phone-fanout.ts';
import { writeAudit } from './write-version.ts';

/**
 * Crypto-shredding: the person and all who were merged into them become tombstones, their index rows and facts go, then
 * their data keys for good. What backups of the main database hold stays unreadable; a backup of the key database
 * still opens it until that expires.
 * @throws Problem 404
 */
export async function erasePerson(
  deps: MpiDeps,
  id: string,
  order_id: string,
  asker: Asker,
): Promise<{ id: string; erased_at: string }> {
  const erased = await retryOnConflict(() =>
    withLocks(
      deps,
      async ({ serving }) => [idLock(id), ...(await phoneTokensAround(deps.db, serving.key_id, [id]))],
      async (transaction, generations, held) => {
        held.confirm(await readGenerationsLine(transaction));
        const head = await lockHead(transaction, id);
        if (!head) throw notFound();
        if (head.status === 'erased') return { id: head.id, erased_at: head.erased_at! };
        const tokens = await phoneTokensAround(transaction, generations.serving.key_id, [head.id]);
        held.require(tokens);
        return erase(transaction, generations.serving.key_id, { head, tokens, order_id, asker });
      },
    ),
  );
  await finishErasures(deps, erased.id);
  return erased;
}

type Order = { head: Head; tokens: Token[]; order_id: string; asker: Asker };

async function erase(transaction: MpiTransaction, key_id: string, { head, tokens, order_id, asker }: Order) {
  const ids = [...(await mergedIds(transaction, head.id)), head.id];
  await transaction
    .deleteFrom('mpi.person_facts')
    .where('pseudonym', 'in', (query) => query.selectFrom('mpi.persons').select('pseudonym').where('id', 'in', ids))
    .execute();
  await transaction.deleteFrom('mpi.blind_indexes').where('person_id', 'in', ids).execute();
  await transaction.deleteFrom('mpi.identity_keys').where('person_id', 'in', ids).execute();
  await forgetSketches(transaction, ids);
  // The merged first: a parent cannot cease to be active while somebody points to it.
  for (const id of ids) await bury(transaction, id, order_id);
  if (tokens.length > 0) await refreshPhoneFanout(transaction, key_id, { person_ids: [head.id], tokens });
  const events = ids.map((object_id) => ({
    type: 'person.erased',
    object_type: 'person',
    object_id,
    payload: { order_id },
  }));
  await appendEvents(transaction, 'mpi', events);
  await writeAudit(transaction, asker, 'person.erased', head.id, { order_id });
  return { id: head.id, erased_at: (await lockHead(transaction, head.id))!.erased_at! };
}

async function bury(transaction: MpiTransaction, person_id: string, order_id: string): Promise<void> {
  await transaction
    .updateTable('mpi.persons')
    .set({ status: 'erased', parent_id: null, merged_at: null, pseudonym: null, erased_at: sql`now()` })
    .where('id', '=', person_id)
    .execute();
  await transaction.insertInto('mpi.erasures').values({ person_id, order_id }).execute();
}

/**
 * Drops the data keys of erased persons that are still there: after each erasure, and as a job after a crash between
 * the two databases.
 * @param id only those that were erased together with this person.
 */
export async function finishErasures(deps: Pick<MpiDeps, 'db' | 'keys' | 'sketch_keys'>, id?: string): Promise<number> {
  const together = sql`order_id = (select order_id from mpi.erasures where person_id = ${id ?? null}::uuid)`;
  const { rows } = await sql<{ person_id: string }>`
    select person_id from mpi.erasures
    where keys_dropped_at is null and ${id === undefined ? sql`true` : together} limit 1000`.execute(deps.db);
  for (const { person_id } of rows) {
    await Promise.all([deps.keys.drop(person_id), deps.sketch_keys.drop(person_id)]);
    await deps.db
      .updateTable('mpi.erasures')
      .set({ keys_dropped_at: sql`now()` })
      .where('person_id', '=', person_id)
      .execute();
  }
  return rows.length;
}
