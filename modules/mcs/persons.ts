import type { TransactionOf } from '@zdravo/kit/db';
import type { Event } from '@zdravo/kit/events';
import type { ContainerRows } from './container-rows.ts';
import type { McsDeps } from './deps.ts';
import type { StoredObject } from './documents.ts';
import type { WrapFor } from './sealed-objects/index.ts';
import type { Tables } from './tables.ts';

/** An object, and under whose key it lies. */
export type Holding = {
  object: StoredObject;
  /** Of who has just sealed the object: its key need not be opened again. */
  wrapFor?: WrapFor;
  /** Its file is there; its row will be, as the person's. */
  awaits_row?: boolean;
};

export type Assignment = {
  /** Resources all of whose objects are the person's: a request's documents, a declaration's container. */
  resource_ids?: readonly string[];
  /** Objects that the caller has just stored. */
  holdings?: readonly Holding[];
  person_id: string;
};

/**
 * Makes the person's key, and wraps the object's under it, before it is certain that the object becomes the person's: nothing is
 * written of the object, and `assignPerson` takes somebody else as well.
 */
export async function prepareAssignment(holding: Holding, person_id: string): Promise<Holding> {
  const { object, wrapFor } = holding;
  if (!wrapFor) return holding;
  const wrapped = await wrapFor({ object_id: object.id, owner_id: person_id });
  return { ...holding, wrapFor: async (place) => (place.owner_id === person_id ? wrapped : wrapFor(place)) };
}

/**
 * Puts objects under the key of the person whom they turned out to concern. Keys are re-wrapped; files stay as they are.
 * Safe to repeat.
 */
export async function assignPerson(
  deps: McsDeps & { containers: ContainerRows },
  { resource_ids = [], holdings = [], person_id }: Assignment,
): Promise<number> {
  const found = await deps.containers.ofResource.findMany([...new Set(resource_ids)]);
  const held = [...holdings, ...[...found.values()].flat().map((object) => ({ object }))];
  const others = held.filter(({ object }) => object.person_id !== person_id);
  await Promise.all(others.map((holding) => giveToPerson(deps, holding, person_id)));
  return others.length;
}

/**
 * Erases a person: drops the person's key and those under which the objects were first sealed, which the files still
 * carry in their headers. The files are unreadable from then on, in old backups too. Safe to repeat.
 */
export async function erasePerson(
  deps: McsDeps,
  person_id: string,
  db: TransactionOf<Tables> = deps.db,
): Promise<void> {
  const rows = await db
    .selectFrom('mcs.objects')
    .select('resource_id')
    .distinct()
    .where('person_id', '=', person_id)
    .execute();
  await deps.keys.drop(person_id);
  for (const { resource_id } of rows) await deps.keys.drop(resource_id);
}

/** Follows the patient index: what it erases is erased here. */
export async function handlePersonEvent(
  deps: McsDeps,
  transaction: TransactionOf<Tables>,
  event: Event,
): Promise<void> {
  if (event.type === 'person.erased') await erasePerson(deps, event.object_id, transaction);
}

async function giveToPerson(
  deps: McsDeps & { containers: ContainerRows },
  { object, wrapFor, awaits_row }: Holding,
  person_id: string,
): Promise<void> {
  const { id, key_owner_id } = object;
  const rewrapped = wrapFor
    ? await wrapFor({ object_id: id, owner_id: person_id })
    : await deps.keys.rewrap(object.wrapped_key, { object_id: id, owner_id: key_owner_id }, person_id);
  const wrapped_key = Buffer.from(rewrapped);
  const given = { ...object, person_id, key_owner_id: person_id, wrapped_key };
  if (awaits_row && (await deps.containers.insert(given))) return;
  // Where a rival's row was first, and for what has its row already.
  await deps.containers.move({ id, person_id, key_owner_id, wrapped_key });
}
