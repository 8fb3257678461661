import { createHash, hash, randomUUID } from 'node:crypto';
import { notFound, Problem } from '@zdravo/kit/problem';
import type { ContainerRows } from './container-rows.ts';
import type { McsDeps, Resource } from './deps.ts';
import { openObject, rowOf, type StoredObject } from './documents.ts';
import type { Holding } from './persons.ts';
import { fetchHeader, plainSize, sealWhole } from './sealed-objects/index.ts';

/** The container exactly as first received, or its upgrade with time-stamp and revocation data. */
export type ContainerForm = 'signed_content' | 'signed_content.upgraded';

export type NewContainer = Resource & {
  form?: ContainerForm;
  container: Buffer;
  sha256: string;
  /** When nobody can have stored one before: what is stored is not looked up then. */
  is_first?: boolean;
  /**
   * When it is known soon whom it concerns: the file is durable and decides, its row is written by `assignPerson` at once as the
   * person's. Whoever dies in between comes again, and finds the file.
   */
  awaits_person?: boolean;
};

/** `sha256` and `size` are those of the container that is stored, which may be an earlier one. */
export type StoredContainer = {
  object_id: string;
  sha256: string;
  size: number;
  stored: boolean;
  /** Under whose key it lies, for `assignPerson`. */
  holding: Holding;
};

const content_type = 'application/pkcs7-mime';

/**
 * Stores a signed container unless there is one: the first durable container wins, whoever asks and however often. The
 * store decides that, not the database, so that a lost row never makes a second container possible.
 * @throws Problem 422 when the bytes do not have the given hash.
 */
export async function storeSignedContainer(
  deps: McsDeps & { containers: ContainerRows },
  input: NewContainer,
): Promise<StoredContainer> {
  const { container: bytes, sha256, form = 'signed_content', resource_type, resource_id } = input;
  if (hash('sha256', bytes) !== sha256) {
    throw new Problem({ status: 422, code: 'sha256_mismatch', message: 'The container does not have the given hash.' });
  }
  const place = { resource_type, resource_id, form };
  const known = input.is_first ? undefined : await deps.containers.find(place);
  if (known) return containerOf(known, false);
  const id = randomUUID();
  const key = keyOf(place);
  const sealed = await sealWhole(deps.keys, { owner_id: resource_id, object_id: id }, bytes);
  const { wrapped_key, wrapFor } = sealed;
  const first = await deps.store.putIfAbsent({ bucket: deps.settings.clean_bucket, key, body: sealed.bytes });
  const row = first.stored
    ? rowOf(deps, { ...place, content_type, bytes, id, key, wrapped_key, sha256 })
    : await readBack(deps, place);
  const sealing = first.stored ? { wrapFor } : {};
  if (input.awaits_person) return containerOf(row, first.stored, { ...sealing, awaits_row: true });
  if (await deps.containers.insert(row)) return containerOf(row, first.stored, sealing);
  return containerOf(await rivalOf(deps, row), first.stored);
}

/** What is stored for a resource, without its bytes; for reconciliation too. */
export async function findSignedContainer(
  deps: McsDeps,
  { form = 'signed_content', ...resource }: Resource & { form?: ContainerForm },
): Promise<{ object_id: string; sha256: string; size: number } | undefined> {
  const row = await findContainer(deps, { ...resource, form });
  return row && { object_id: row.id, sha256: row.sha256, size: row.size };
}

export type ListedContainer = {
  object_id: string;
  resource_id: string;
  sha256: string;
  person_id: string | null;
  stored_at: string;
  /** Of its upgrade, once that has ended well; null for an upgraded container itself. */
  level: 'B-T' | 'B-LT' | null;
};

/** What is stored for these resources of one type, in one form; what is not there is absent. */
export function findSignedContainers(
  deps: McsDeps,
  {
    resource_type,
    resource_ids,
    form,
  }: { resource_type: string; resource_ids: readonly string[]; form?: ContainerForm },
): Promise<ListedContainer[]> {
  if (resource_ids.length === 0) return Promise.resolve([]);
  return selectContainers(deps, resource_type, form).where('resource_id', 'in', resource_ids).execute();
}

/** A page of all containers of one type of resource, by the resource's id. */
export function listSignedContainers(
  deps: McsDeps,
  { resource_type, after, limit }: { resource_type: string; after?: string; limit: number },
): Promise<ListedContainer[]> {
  const query = selectContainers(deps, resource_type).orderBy('resource_id').limit(limit);
  return (after === undefined ? query : query.where('resource_id', '>', after)).execute();
}

function selectContainers({ db }: McsDeps, resource_type: string, form: ContainerForm = 'signed_content') {
  return db
    .selectFrom('mcs.objects')
    .leftJoin('mcs.container_upgrades', 'object_id', 'id')
    .select(['id as object_id', 'resource_id', 'sha256', 'person_id', 'stored_at'])
    .select((of) => of.ref('level').$castTo<ListedContainer['level']>().as('level'))
    .where('resource_type', '=', resource_type)
    .where('form', '=', form);
}

/**
 * After the database was restored to an earlier point: makes the row of a container whose file is there.
 * @returns undefined when there is no file, or nobody can read it any more.
 */
export async function recoverSignedContainer(
  deps: McsDeps,
  { form = 'signed_content', ...resource }: Resource & { form?: ContainerForm },
): Promise<StoredContainer | undefined> {
  const place: Place = { ...resource, form };
  const known = await findContainer(deps, place);
  if (known) return containerOf(known, false);
  const head = await deps.store.head({ bucket: deps.settings.clean_bucket, key: keyOf(place) });
  if (!head) return undefined;
  return containerOf(await insertRow(deps, await readBack(deps, place)), false);
}

/** The container's bytes, exactly as stored. @throws Problem 404, 410 when erased, 503. */
export async function readSignedContainer(
  deps: McsDeps,
  { form = 'signed_content', ...resource }: Resource & { form?: ContainerForm },
): Promise<{ container: Buffer; sha256: string }> {
  const row = await findContainer(deps, { ...resource, form });
  if (!row) throw notFound();
  const stream = await openObject(deps, row);
  const container = Buffer.concat(await Array.fromAsync(stream as AsyncIterable<Buffer>));
  return { container, sha256: row.sha256 };
}

type Place = Resource & { form: ContainerForm };

function keyOf({ resource_type, resource_id, form }: Place): string {
  return `${resource_type}/${resource_id}/${form}`;
}

function findContainer({ db }: McsDeps, place: Place): Promise<StoredObject | undefined> {
  return db
    .selectFrom('mcs.objects')
    .selectAll()
    .where('resource_type', '=', place.resource_type)
    .where('resource_id', '=', place.resource_id)
    .where('form', '=', place.form)
    .executeTakeFirst();
}

async function insertRow(deps: McsDeps, row: StoredObject): Promise<StoredObject> {
  const inserted = await deps.db
    .insertInto('mcs.objects')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
  return inserted ?? rivalOf(deps, row);
}

async function rivalOf(deps: McsDeps, { id: _, ...place }: StoredObject): Promise<StoredObject> {
  const rival = await findContainer(deps, { ...place, form: place.form as ContainerForm });
  if (!rival) throw new Error('A container has neither been inserted nor is there one');
  return rival;
}

/** The row of a container whose writer did not come to write it, or whose row was lost: made from the file itself. */
async function readBack(deps: McsDeps, place: Place): Promise<StoredObject> {
  const address = { bucket: deps.settings.clean_bucket, key: keyOf(place) };
  const head = await deps.store.head(address);
  const { description } = await fetchHeader(deps.store, { address });
  const row: StoredObject = {
    ...place,
    ...address,
    id: description.object_id,
    content_type,
    sha256: '',
    size: plainSize(head?.size ?? 0),
    wrapped_key: Buffer.from(description.wrapped_key, 'base64'),
    key_owner_id: description.owner_id,
    person_id: null,
    stored_at: head?.modified_at ?? deps.clock.now().toISOString(),
  };
  const digest = createHash('sha256');
  for await (const chunk of (await openObject(deps, row)) as AsyncIterable<Buffer>) digest.update(chunk);
  return { ...row, sha256: digest.digest('hex') };
}

function containerOf(object: StoredObject, stored: boolean, how: Omit<Holding, 'object'> = {}): StoredContainer {
  const { id, sha256, size } = object;
  return { object_id: id, sha256, size, stored, holding: { object, ...how } };
}
