import { byteArray } from '@zdravo/kit/db';
import { createGroupCommit, createGroupedLookup, type GroupCommit, type GroupedLookup } from '@zdravo/kit/groups';
import { type Kysely, sql } from 'kysely';
import type { StoredObject } from './documents.ts';
import type { Tables } from './tables.ts';

/** Where an object belongs, as one text: type and id of the resource, and the form. */
export type ObjectPlace = Pick<StoredObject, 'resource_type' | 'resource_id' | 'form'>;
export type Moved = { id: string; person_id: string; key_owner_id: string; wrapped_key: Buffer };

/** Rows of objects on the way of a signature: what is asked for or written at once goes together. */
export type ContainerRows = {
  find(place: ObjectPlace): Promise<StoredObject | undefined>;
  /** @returns whether the row is new; not when there is one in its place. */
  insert(row: StoredObject): Promise<boolean>;
  /** All objects of a resource. */
  ofResource: GroupedLookup<StoredObject[]>;
  /** Puts an object under a person's key, unless it has another owner than `key_owner_id` by now. */
  move(moved: Moved): Promise<undefined>;
};

export function createContainerRows(db: Kysely<Tables>): ContainerRows {
  const places = createGroupedLookup((keys) => findAtPlaces(db, keys));
  const insertions: GroupCommit<StoredObject, boolean> = createGroupCommit({
    write: (rows) => insertAll(db, rows),
    keysOf: (row) => [row.id, placeText(row)],
  });
  const moves = createGroupCommit<Moved, undefined>({
    write: (moved) => moveAll(db, moved),
    keysOf: ({ id }) => [id],
  });
  return {
    find: (place) => places.find(placeText(place)),
    insert: insertions.run,
    ofResource: createGroupedLookup((ids) => findOfResources(db, ids)),
    move: moves.run,
  };
}

/** Ids hold no slash. */
function placeText({ resource_type, resource_id, form }: ObjectPlace): string {
  return `${resource_type}/${resource_id}/${form}`;
}

const columns = [
  ...(['id', 'resource_type', 'resource_id', 'form', 'content_type', 'bucket', 'key', 'sha256', 'size'] as const),
  ...(['wrapped_key', 'key_owner_id', 'person_id', 'stored_at'] as const),
] satisfies (keyof StoredObject)[];

async function findAtPlaces(db: Kysely<Tables>, keys: readonly string[]): Promise<Map<string, StoredObject>> {
  const places = keys.map((key) => key.split('/') as [string, string, string]);
  const part = (at: 0 | 1 | 2) => places.map((place) => place[at]);
  const rows = await db
    .selectFrom('mcs.objects')
    .select(columns)
    .where(
      sql<boolean>`(resource_type, resource_id, form) in (select * from unnest(${part(0)}::text[], ${part(1)}::uuid[], ${part(2)}::text[]))`,
    )
    .execute();
  return new Map(rows.map((row) => [placeText(row), row]));
}

async function findOfResources(db: Kysely<Tables>, ids: readonly string[]): Promise<Map<string, StoredObject[]>> {
  const rows = await db
    .selectFrom('mcs.objects')
    .select(columns)
    .where(sql<boolean>`resource_id = any(${ids}::uuid[])`)
    .execute();
  return Map.groupBy(rows, ({ resource_id }) => resource_id);
}

async function insertAll(db: Kysely<Tables>, rows: readonly StoredObject[]): Promise<boolean[]> {
  const column = <Name extends keyof StoredObject>(name: Name) => rows.map((row) => row[name]);
  const { rows: inserted } = await sql<{ id: string }>`
    insert into mcs.objects (id, resource_type, resource_id, form, content_type, bucket, key, sha256, size, wrapped_key,
      key_owner_id, person_id, stored_at)
    select * from unnest(${column('id')}::uuid[], ${column('resource_type')}::text[], ${column('resource_id')}::uuid[],
      ${column('form')}::text[], ${column('content_type')}::text[], ${column('bucket')}::text[], ${column('key')}::text[],
      ${column('sha256')}::text[], ${column('size')}::bigint[], ${byteArray(column('wrapped_key'))}::bytea[],
      ${column('key_owner_id')}::uuid[], ${column('person_id')}::uuid[], ${column('stored_at')}::timestamptz[])
    on conflict do nothing returning id`.execute(db);
  const fresh = new Set(inserted.map(({ id }) => id));
  return rows.map(({ id }) => fresh.has(id));
}

async function moveAll(db: Kysely<Tables>, moved: readonly Moved[]): Promise<undefined[]> {
  const column = <Name extends keyof Moved>(name: Name) => moved.map((one) => one[name]);
  await sql`
    update mcs.objects object
    set person_id = moved.person_id, key_owner_id = moved.person_id, wrapped_key = moved.wrapped_key
    from unnest(${column('id')}::uuid[], ${column('person_id')}::uuid[], ${column('key_owner_id')}::uuid[], ${byteArray(column('wrapped_key'))}::bytea[])
      as moved (id, person_id, key_owner_id, wrapped_key)
    where object.id = moved.id and object.key_owner_id = moved.key_owner_id`.execute(db);
  return moved.map(() => undefined);
}
