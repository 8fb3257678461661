import type { TransactionOf } from '@zdravo/kit/db';
import type { Event } from '@zdravo/kit/events';
import type { ContainerRows } from './container-rows.ts';
import type { McsDeps } from './deps.ts';
import type { StoredObject } from './documents.ts';
import type { WrapFor } from './sealed-objects/index.ts';
import type { Tables } from './tables.ts';

/** Under whose key an object lies. */
export type Holding = Pick<StoredObject, 'id' | 'key_owner_id' | 'wrapped_key' | 'person_id'> & {
  /** Of who has just sealed the object: its key need not be opened again. */
  wrapFor?: WrapFor;
};

export type Assignment = {
  /** Resources all of whose objects are the person's: a request's documents, a declaration's container. */
  resource_ids?: readonly string[];
  /** Objects that the caller has just stored. */
  holdings?: readonly Holding[];
  person_id: string;
};

/**
 * Puts objects under the key of the person whom they turned out to concern. Keys are re-wrapped; files stay as they are.
 * Safe to repeat.
 */
export async function assignPerson(
  deps: McsDeps & { containers: ContainerRows },
  { resource_ids = [], holdings = [], person_id }: Assignment,
): Promise<number> {
  const found = await deps.containers.ofResource.findMany([...new Set(resource_ids)]);
  const objects = [...holdings, ...[...found.values()].flat()].filter((object) => object.person_id !== person_id);
  await Promise.all(objects.map((object) => moveToPerson(deps, object, person_id)));
  return objects.length;
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

async function moveToPerson(
  deps: McsDeps & { containers: ContainerRows },
  { id, key_owner_id, wrapped_key, wrapFor }: Holding,
  person_id: string,
): Promise<void> {
  const rewrapped = wrapFor
    ? await wrapFor({ object_id: id, owner_id: person_id })
    : await deps.keys.rewrap(wrapped_key, { object_id: id, owner_id: key_owner_id }, person_id);
  await deps.containers.move({ id, person_id, key_owner_id, wrapped_key: Buffer.from(rewrapped) });
}
