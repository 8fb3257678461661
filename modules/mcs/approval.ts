import { hash } from 'node:crypto';
import { unavailable } from '@zdravo/kit/problem';
import { BlobStoreError } from './blob-store/index.ts';
import type { McsDeps, Resource } from './deps.ts';
import { type Document, getObject, sealObject } from './documents.ts';
import { type Flaw, inspect, ScannerUnavailable } from './inspection/index.ts';
import { listUploads, quarantinePlace, type Upload } from './uploads.ts';

export type RefusedDocument = { document_type: string; flaw: string };

/** `approved` pins the bytes: the same hashes are answered ever after, and every open address is closed. */
export type Approval =
  | { outcome: 'approved'; documents: Document[] }
  | { outcome: 'missing'; document_types: string[] }
  | { outcome: 'refused'; documents: RefusedDocument[] };

/**
 * Checks that every listed document was uploaded and is what it should be; of several uploads the newest counts. What
 * was checked once is not checked again, so a repetition is safe and quick. Errors: Problem 503 when the scanner, the
 * store or time fails us; nothing is approved then.
 */
export async function approveUploads(
  deps: McsDeps,
  { document_types, ...resource }: Resource & { document_types: readonly string[] },
): Promise<Approval> {
  const uploads = await listUploads(deps, resource);
  const checks = document_types.map((document_type) =>
    checkNewest(
      deps,
      uploads.filter((upload) => upload.document_type === document_type),
    ),
  );
  const checked = await within(deps.settings.approval_timeout_ms, Promise.all(checks));
  const missing = document_types.filter((_, index) => checked[index] === undefined);
  if (missing.length > 0) return { outcome: 'missing', document_types: missing };
  const all = checked.filter((upload) => upload !== undefined);
  const refused = all.filter(({ status }) => status !== 'clean');
  if (refused.length > 0) return { outcome: 'refused', documents: refused.map(refusalOf) };
  await closeOtherAddresses(deps, resource);
  return { outcome: 'approved', documents: await Promise.all(all.map((upload) => documentOf(deps, upload))) };
}

/** The newest upload that has a file, checked; undefined when none has. */
async function checkNewest(deps: McsDeps, newest_first: Upload[]): Promise<Upload | undefined> {
  for (const upload of newest_first) {
    if (upload.status === 'expired') continue;
    const checked = upload.status === 'issued' ? await checkUpload(deps, upload) : upload;
    if (checked) return checked;
  }
  return undefined;
}

/**
 * Looks into one uploaded file and records what was found: `clean` with a sealed copy of exactly the bytes that were
 * looked at, `infected`, or `invalid`. Undefined when nothing was uploaded. Rivals may check the same file; one records.
 */
export function checkUpload(deps: McsDeps, upload: Upload): Promise<Upload | undefined> {
  return deps.inspections(() => check(deps, upload));
}

async function check(deps: McsDeps, upload: Upload): Promise<Upload | undefined> {
  const bytes = await readUploaded(deps, upload);
  if (bytes === undefined) return undefined;
  const flaw = bytes === 'too_large' ? 'too_large' : await findFlaw(deps, upload, bytes);
  return flaw === undefined ? recordClean(deps, upload, bytes as Buffer) : recordFlaw(deps, upload, flaw);
}

async function readUploaded(deps: McsDeps, upload: Upload): Promise<Buffer | 'too_large' | undefined> {
  const place = quarantinePlace(deps, upload);
  try {
    const head = await deps.store.head(place);
    if (!head) return undefined;
    if (head.size > deps.settings.max_document_bytes) return 'too_large';
    const { body, size } = await deps.store.get(place);
    if (size <= deps.settings.max_document_bytes) {
      return Buffer.concat(await Array.fromAsync(body as AsyncIterable<Buffer>));
    }
    body.destroy();
    return 'too_large';
  } catch (cause) {
    if (cause instanceof BlobStoreError && cause.code === 'not_found') return undefined;
    throw notNow('The document store does not answer.', cause);
  }
}

async function findFlaw(deps: McsDeps, upload: Upload, bytes: Buffer): Promise<Flaw | 'bytes_differ' | undefined> {
  if (upload.sha256 !== null && upload.sha256 !== hash('sha256', bytes)) return 'bytes_differ';
  try {
    const { max_document_bytes: max_bytes } = deps.settings;
    const verdict = await inspect(bytes, upload.content_type, { max_bytes, scanner: deps.scanner });
    return verdict.accepted ? undefined : verdict.flaw;
  } catch (cause) {
    if (cause instanceof ScannerUnavailable) throw notNow('The virus scanner does not answer.', cause);
    throw cause;
  }
}

async function recordClean(deps: McsDeps, upload: Upload, bytes: Buffer): Promise<Upload | undefined> {
  const { resource_type, resource_id, document_type: form, content_type } = upload;
  const object = await sealObject(deps, { resource_type, resource_id, form, content_type, bytes });
  const recorded = await deps.db.transaction().execute(async (transaction) => {
    const open = await transaction
      .selectFrom('mcs.uploads')
      .select('id')
      .where('id', '=', upload.id)
      .where('status', '=', 'issued')
      .forUpdate()
      .executeTakeFirst();
    if (!open) return undefined;
    await transaction.insertInto('mcs.objects').values(object).execute();
    return transaction
      .updateTable('mcs.uploads')
      .set({ status: 'clean', object_id: object.id, checked_at: deps.clock.now().toISOString() })
      .where('id', '=', upload.id)
      .returningAll()
      .executeTakeFirst();
  });
  if (recorded) return recorded;
  await deps.store.delete({ bucket: object.bucket, key: object.key });
  return currentUpload(deps, upload);
}

async function recordFlaw(deps: McsDeps, upload: Upload, flaw: string): Promise<Upload | undefined> {
  await deps.db
    .updateTable('mcs.uploads')
    .set({ status: flaw === 'infected' ? 'infected' : 'invalid', flaw, checked_at: deps.clock.now().toISOString() })
    .where('id', '=', upload.id)
    .where('status', '=', 'issued')
    .execute();
  return currentUpload(deps, upload);
}

/** What a rival recorded; one that was closed meanwhile counts as not there. */
async function currentUpload(deps: McsDeps, { id }: Upload): Promise<Upload | undefined> {
  const found = await deps.db.selectFrom('mcs.uploads').selectAll().where('id', '=', id).executeTakeFirst();
  return found?.status === 'issued' || found?.status === 'expired' ? undefined : found;
}

async function closeOtherAddresses(deps: McsDeps, { resource_type, resource_id }: Resource): Promise<void> {
  await deps.db
    .updateTable('mcs.uploads')
    .set({ status: 'expired' })
    .where('resource_type', '=', resource_type)
    .where('resource_id', '=', resource_id)
    .where('status', '=', 'issued')
    .execute();
}

async function documentOf(deps: McsDeps, upload: Upload): Promise<Document> {
  const { id, form: document_type, sha256, size, content_type } = await getObject(deps.db, upload.object_id ?? '');
  return { id, document_type, sha256, size, content_type };
}

function refusalOf({ document_type, flaw }: Upload): RefusedDocument {
  return { document_type, flaw: flaw ?? 'structure_invalid' };
}

async function within<Result>(timeout_ms: number, work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(notNow('Checking the documents takes too long.')), timeout_ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function notNow(message: string, cause?: unknown) {
  return unavailable(message, 5, 'documents_not_checked', cause);
}
