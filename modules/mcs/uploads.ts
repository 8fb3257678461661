import { randomUUID } from 'node:crypto';
import { tooManyRequests } from '@zdravo/kit/problem';
import type { Selectable } from 'kysely';
import type { SignedAddress } from './blob-store/index.ts';
import type { McsDeps, Resource } from './deps.ts';
import type { Tables } from './tables.ts';

/** A document that is due. What the client announces is enforced; a v2.0 client announces nothing. */
export type DueDocument = {
  document_type: string;
  content_type?: 'image/jpeg' | 'application/pdf';
  sha256?: string;
  size?: number;
};

export type IssuedUpload = SignedAddress & { upload_id: string; document_type: string; expires_at: string };

export type Upload = Selectable<Tables['mcs.uploads']>;
type NewUpload = Omit<Upload, 'position'>;

/**
 * Gives out an upload address for each document. An address is for one key, one content type and, as far as announced,
 * one length and one hash, for minutes and for one use. Asked again, it signs the same place anew as long as nothing
 * was uploaded there, and another place otherwise, so that a bad scan can be replaced until the approval.
 * @throws Problem 429 after `max_uploads_per_resource` addresses.
 */
export async function issueUploads(
  deps: McsDeps,
  { documents, ...resource }: Resource & { documents: readonly DueDocument[] },
): Promise<IssuedUpload[]> {
  const known = await listUploads(deps, resource);
  const issued = await Promise.all(
    documents.map(
      async (document) => (await findReopenable(deps, known, document)) ?? newUpload(deps, resource, document),
    ),
  );
  const fresh = issued.filter((upload) => !known.some(({ id }) => id === upload.id));
  if (known.length + fresh.length > deps.settings.max_uploads_per_resource) {
    throw tooManyRequests('Too many upload addresses were asked for.', 3600);
  }
  const expires_at = expiry(deps);
  if (fresh.length > 0) await deps.db.insertInto('mcs.uploads').values(fresh).execute();
  const reopened = issued.filter((upload) => !fresh.includes(upload)).map(({ id }) => id);
  if (reopened.length > 0) {
    await deps.db.updateTable('mcs.uploads').set({ expires_at }).where('id', 'in', reopened).execute();
  }
  return issued.map((upload) => addressOf(deps, { ...upload, expires_at }));
}

/** Every upload of a resource, the newest first. */
export function listUploads(deps: McsDeps, { resource_type, resource_id }: Resource): Promise<Upload[]> {
  return deps.db
    .selectFrom('mcs.uploads')
    .selectAll()
    .where('resource_type', '=', resource_type)
    .where('resource_id', '=', resource_id)
    .orderBy('position', 'desc')
    .execute();
}

export function quarantinePlace({ settings }: McsDeps, { id }: { id: string }) {
  return { bucket: settings.quarantine_bucket, key: id };
}

async function findReopenable(deps: McsDeps, known: Upload[], document: DueDocument): Promise<NewUpload | undefined> {
  const last = known.find(({ document_type }) => document_type === document.document_type);
  const announced = {
    sha256: document.sha256 ?? null,
    size: document.size ?? null,
    content_type: contentType(document),
  };
  const is_same =
    last?.status === 'issued' &&
    last.removed_at === null &&
    last.sha256 === announced.sha256 &&
    last.size === announced.size &&
    last.content_type === announced.content_type;
  if (!is_same || (await deps.store.head(quarantinePlace(deps, last)))) return undefined;
  return last;
}

function newUpload(deps: McsDeps, resource: Resource, document: DueDocument): NewUpload {
  return {
    ...resource,
    id: randomUUID(),
    document_type: document.document_type,
    content_type: contentType(document),
    sha256: document.sha256 ?? null,
    size: document.size ?? null,
    status: 'issued',
    flaw: null,
    object_id: null,
    issued_at: deps.clock.now().toISOString(),
    expires_at: expiry(deps),
    checked_at: null,
    removed_at: null,
  };
}

function addressOf(deps: McsDeps, upload: NewUpload): IssuedUpload {
  const { id: upload_id, document_type, expires_at, content_type, sha256, size } = upload;
  const address = deps.store.presignPut({
    ...quarantinePlace(deps, upload),
    expires_s: deps.settings.upload_expiry_s,
    content_type,
    ...(sha256 !== null && { sha256, if_none_match: '*' as const }),
    ...(size !== null && { content_length: size }),
  });
  return { ...address, upload_id, document_type, expires_at };
}

function contentType({ content_type }: DueDocument): string {
  return content_type ?? 'image/jpeg';
}

function expiry({ clock, settings }: McsDeps): string {
  return new Date(clock.now().getTime() + settings.upload_expiry_s * 1000).toISOString();
}
