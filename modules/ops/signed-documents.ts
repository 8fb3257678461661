import type { KeyObject } from 'node:crypto';
import { isUniqueViolation } from '@zdravo/kit/db';
import { fewRandomBytes, openEnvelope, sealEnvelope } from '@zdravo/kit/keys';
import { conflict, notFound } from '@zdravo/kit/problem';
import { canonicalJson, hashLeaf } from '@zdravo/tlog';
import { type Kysely, sql } from 'kysely';
import type { NewContainerUpgrade, NewSignedDocument, SignedDocument } from './contract.ts';
import type { OpsDeps } from './declarations.ts';
import type { Tables } from './tables.ts';
import { commitment, handleOf } from './versions.ts';
import type { WriteContext } from './write-version.ts';

/** What the leaf of a signed document commits to: version 1 is the container as received, 2 its upgrade. */
export type DocumentBody = {
  id: string;
  version: number;
  op: 'receive' | 'upgrade';
  type: string;
  /** Of the container as first received, hex. */
  signed_content_sha256: string;
  /** Of the upgraded container, and what proofs it holds. */
  sha256?: string;
  level?: 'B-T' | 'B-LT';
  recorded_at: string;
};

/**
 * Commits a signed container that is no declaration's to the log, once. Safe to repeat with the same container.
 * @throws Problem 409 `signed_document_differs`
 */
export async function putSignedDocument(
  deps: OpsDeps,
  id: string,
  { type, sha256 }: NewSignedDocument,
  context: WriteContext,
): Promise<SignedDocument> {
  const facts = { id, version: 1, op: 'receive', type, signed_content_sha256: sha256 } as const;
  return logOnce(deps, facts, context);
}

/** The same of its upgrade. @throws Problem 404; 409 `signed_document_differs` */
export async function putDocumentUpgrade(
  deps: OpsDeps,
  id: string,
  { sha256, level }: NewContainerUpgrade,
  context: WriteContext,
): Promise<SignedDocument> {
  const received = await findBody(deps.db, id, 1);
  if (!received) throw notFound();
  const { type, signed_content_sha256 } = received;
  const facts = { id, version: 2, op: 'upgrade', type, signed_content_sha256, sha256, level } as const;
  return logOnce(deps, facts, context);
}

/** The salt of a document's leaf. @throws KeyError when key or bytes were altered. */
export function openDocumentSeed(row: { id: string; version: number; sealed_seed: Uint8Array }, key: Uint8Array) {
  return openEnvelope(key, row.sealed_seed, seedContext(row));
}

async function logOnce(
  deps: OpsDeps,
  facts: Omit<DocumentBody, 'recorded_at'>,
  context: WriteContext,
): Promise<SignedDocument> {
  const { id, version } = facts;
  const earlier = await findDocument(deps.db, id, version);
  if (earlier) return sameOrRefused(earlier, facts);
  deps.heads.refuseWhenBehind();
  const key = await deps.keys.getOrCreate(id);
  const body: DocumentBody = { ...facts, recorded_at: deps.clock.now().toISOString() };
  // Of two calls at once the primary key lets one in.
  await insertDocument(deps, body, key, context).catch((error: unknown) => {
    if (!isUniqueViolation(error)) throw error;
  });
  return sameOrRefused((await findDocument(deps.db, id, version))!, facts);
}

type StoredDocument = SignedDocument & { body: DocumentBody };

async function findDocument(db: Kysely<Tables>, id: string, version: number): Promise<StoredDocument | undefined> {
  const row = await db
    .selectFrom('ops.signed_documents')
    .select(['body', 'leaf_hash'])
    .where('id', '=', id)
    .where('version', '=', version)
    .executeTakeFirst();
  if (!row) return undefined;
  const body = JSON.parse(row.body.toString()) as DocumentBody;
  return { id, version, leaf_hash: row.leaf_hash.toString('hex'), recorded_at: body.recorded_at, body };
}

async function findBody(db: Kysely<Tables>, id: string, version: number): Promise<DocumentBody | undefined> {
  return (await findDocument(db, id, version))?.body;
}

function sameOrRefused(stored: StoredDocument, facts: Omit<DocumentBody, 'recorded_at'>): SignedDocument {
  const { body, ...answer } = stored;
  const is_same = (['type', 'signed_content_sha256', 'sha256'] as const).every((name) => body[name] === facts[name]);
  if (!is_same) throw conflict('Another container is logged for this document.', 'signed_document_differs');
  return answer;
}

async function insertDocument(
  { db, handle_key }: OpsDeps,
  body: DocumentBody,
  key: Uint8Array,
  context: WriteContext,
): Promise<void> {
  const { id, version, type, op, recorded_at } = body;
  const bytes = Buffer.from(canonicalJson(body));
  const seed = fewRandomBytes(32);
  const entry = documentEntry(body, { bytes, seed }, handle_key);
  const sealed_seed = Buffer.from(sealEnvelope(key, seed, seedContext(body)));
  await sql`
    with document as (
      insert into ops.signed_documents (id, version, type, op, body, sealed_seed, leaf_hash, recorded_at)
      values (${id}, ${version}, ${type}, ${op}, ${bytes}, ${sealed_seed}, ${Buffer.from(hashLeaf(entry))}, ${recorded_at})
    ), leaf as (
      insert into ops.pending_leaves (kind, record_id, version, entry) values ('document', ${id}, ${version}, ${entry})
    )
    insert into ops.audit_log (request_id, actor_id, client_id, action, resource, resource_id)
    values (${context.request_id}, null, ${context.client_id ?? null}, ${`${op}_document`}, ${type}, ${id})`.execute(
    db,
  );
}

/** The public leaf of a signed document: it says nothing of what it is and whose. */
function documentEntry(
  { id, version, op }: DocumentBody,
  { bytes, seed }: { bytes: Uint8Array; seed: Uint8Array },
  handle_key: KeyObject,
): Buffer {
  return Buffer.from(
    canonicalJson({
      c: commitment(seed, bytes).toString('base64'),
      h: handleOf(`document ${id}`, handle_key),
      k: 'document',
      n: version,
      op,
      v: 1,
    }),
  );
}

function seedContext({ id, version }: { id: string; version: number }): Buffer {
  return Buffer.from(`document ${id} ${version}`);
}
