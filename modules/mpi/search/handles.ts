import { notFound } from '@zdravo/kit/problem';
import type { PersonRead } from '../contract.ts';
import type { Asker, MpiDeps } from '../deps.ts';
import { getPerson } from '../persons/get-person.ts';
import { creditUse } from './budgets.ts';
import { hashOf } from './one-use.ts';
import { searcherOf } from './searcher.ts';

/**
 * Whom a handle stands for, once, for whoever got it: the caller decides with it whether they may read the person.
 * @throws Problem 404 `handle_unknown`: used, too old, or somebody else's.
 */
export async function openHandle(deps: MpiDeps, handle: string, asker: Asker): Promise<{ person_id: string }> {
  const { actor_id, client_id } = searcherOf(asker);
  const opened = await deps.db
    .updateTable('mpi.search_handles')
    .set({ is_opened: true })
    .where('handle_hash', '=', hashOf(handle))
    .where('actor_id', '=', actor_id)
    .where('client_id', '=', client_id)
    .where('is_opened', '=', false)
    .where('expires_at', '>', deps.clock.now().toISOString())
    .returning('person_id')
    .executeTakeFirst();
  if (!opened) throw unknownHandle();
  return opened;
}

/** The whole person of an opened handle, once. @throws Problem 404 `handle_unknown`, and those of `getPerson`. */
export async function readByHandle(deps: MpiDeps, handle: string, asker: Asker): Promise<PersonRead> {
  const searcher = searcherOf(asker);
  const { actor_id, client_id } = searcher;
  const read = await deps.db
    .deleteFrom('mpi.search_handles')
    .where('handle_hash', '=', hashOf(handle))
    .where('actor_id', '=', actor_id)
    .where('client_id', '=', client_id)
    .where('is_opened', '=', true)
    .where('expires_at', '>', deps.clock.now().toISOString())
    .returning('person_id')
    .executeTakeFirst();
  if (!read) throw unknownHandle();
  const person = await getPerson(deps, read.person_id, asker);
  await creditUse(deps.db, searcher, deps.clock.now());
  return person;
}

function unknownHandle() {
  return notFound('The handle was used, is too old, or is not yours.', 'handle_unknown');
}
