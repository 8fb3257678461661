import { hash, randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { TransactionOf } from '@zdravo/kit/db';
import { KeyError, KeyServiceError } from '@zdravo/kit/keys';
import { notFound, Problem } from '@zdravo/kit/problem';
import type { Selectable } from 'kysely';
import type { ByteRange } from './blob-store/index.ts';
import type { McsDeps, Resource } from './deps.ts';
import { openSealed, SealError, seal } from './sealed-objects/index.ts';
import type { Tables } from './tables.ts';

export type StoredObject = Selectable<Tables['mcs.objects']>;

/** A document as its readers name it. */
export type Document = { id: string; document_type: string; sha256: string; size: number; content_type: string };

export type NewObject = Resource & { form: string; content_type: string; bytes: Buffer };

/** Seals bytes into the clean bucket and answers the row to insert; until that is done the file is an orphan. */
export async function sealObject(deps: McsDeps, input: NewObject, id: string = randomUUID()): Promise<StoredObject> {
  const key = `documents/${id}`;
  const plaintext = { stream: oneChunk(input.bytes), size: input.bytes.length };
  const { stream, size, wrapped_key } = await seal(
    deps.keys,
    { owner_id: input.resource_id, object_id: id },
    plaintext,
  );
  await deps.store.put({ bucket: deps.settings.clean_bucket, key, body: { stream, size } });
  return rowOf(deps, { ...input, id, key, wrapped_key, sha256: hash('sha256', input.bytes) });
}

export function rowOf(
  deps: McsDeps,
  { bytes, ...input }: NewObject & { id: string; key: string; wrapped_key: Uint8Array; sha256: string },
): StoredObject {
  return {
    ...input,
    bucket: deps.settings.clean_bucket,
    size: bytes.length,
    wrapped_key: Buffer.from(input.wrapped_key),
    key_owner_id: input.resource_id,
    person_id: null,
    stored_at: deps.clock.now().toISOString(),
  };
}

/** @throws Problem 404. */
export async function getObject(db: TransactionOf<Tables>, id: string): Promise<StoredObject> {
  const found = await db.selectFrom('mcs.objects').selectAll().where('id', '=', id).executeTakeFirst();
  if (!found) throw notFound();
  return found;
}

/** The documents of a resource, newest first. */
export async function listDocuments(deps: McsDeps, { resource_type, resource_id }: Resource): Promise<Document[]> {
  const rows = await deps.db
    .selectFrom('mcs.objects')
    .select(['id', 'form as document_type', 'sha256', 'size', 'content_type'])
    .where('resource_type', '=', resource_type)
    .where('resource_id', '=', resource_id)
    .orderBy('stored_at', 'desc')
    .orderBy('id')
    .execute();
  return rows;
}

/**
 * The plaintext of an object, or of a part of it, decrypted as it is read; the caller has authorised and audited.
 * @throws Problem 410 when its owner was erased; 503 when the file or its key is missing or was tampered with (before
 * any byte), or the key service is away.
 */
export async function openObject(deps: McsDeps, object: StoredObject, range?: ByteRange): Promise<Readable> {
  const { bucket, key, id: object_id, key_owner_id: owner_id, size, wrapped_key } = object;
  try {
    return await openSealed(deps.store, deps.keys, {
      address: { bucket, key },
      object_id,
      owner_id,
      size,
      wrapped_key,
      range,
    });
  } catch (cause) {
    throw unreadable(deps, cause);
  }
}

function unreadable({ log }: McsDeps, cause: unknown): unknown {
  if (cause instanceof KeyServiceError) return cause;
  if (cause instanceof SealError && cause.code === 'erased')
    return new Problem({ status: 410, code: 'document_erased', message: 'This document was erased.', cause });
  if (cause instanceof KeyError || cause instanceof SealError)
    log.error({ err: cause }, 'a document cannot be opened with the keys at hand');
  return new Problem({ status: 503, code: 'document_unavailable', message: 'This document cannot be read.', cause });
}

async function* oneChunk(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
