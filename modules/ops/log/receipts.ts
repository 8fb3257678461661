import type { KeyStore } from '@zdravo/kit/keys';
import { notFound } from '@zdravo/kit/problem';
import { encodeReceipt, proveInclusion, type TileStore } from '@zdravo/tlog';
import { type Kysely, sql } from 'kysely';
import { openUpgradeSeed } from '../container-upgrades.ts';
import type { ContainerReceipt, DeclarationReceipt } from '../contract.ts';
import { openDocumentSeed } from '../signed-documents.ts';
import type { Tables } from '../tables.ts';
import { openSeed, parseBody } from '../versions.ts';

export type ReceiptDeps = { db: Kysely<Tables>; keys: KeyStore; tiles: TileStore };

const poll_ms = 100;

/** A record that has a leaf, and what opens it; `seed` is undefined once its key was dropped. */
type LoggedRecord = {
  kind: string;
  id: string;
  version: number;
  body: Buffer;
  leaf_hash: Buffer;
  seed?: Buffer | undefined;
};

/**
 * The receipt of one version, and what a reader of the record needs to check that the leaf stands for it. A version that
 * no checkpoint covers yet is waited for, `wait_ms` at most; then `receipt` is null.
 * @throws Problem 404
 */
export async function getReceipt(
  deps: ReceiptDeps,
  { id, version, wait_ms }: { id: string; version?: number; wait_ms?: number },
): Promise<DeclarationReceipt> {
  const versions = deps.db
    .selectFrom('ops.declaration_versions')
    .select(['version', 'body', 'sealed_seed', 'leaf_hash'])
    .where('declaration_id', '=', id);
  const wanted = version === undefined ? versions : versions.where('version', '=', version);
  const row = await wanted.orderBy('version', 'desc').limit(1).executeTakeFirst();
  if (!row) throw notFound();
  const person_key = await deps.keys.find(parseBody(row.body).person_id);
  const seed = person_key && openSeed({ id, ...row }, person_key);
  return { declaration_id: id, ...(await receiptFor(deps, { kind: 'declaration', id, ...row, seed }, wait_ms)) };
}

/** The same of the leaf of a declaration's upgraded container. @throws Problem 404 */
export async function getContainerReceipt(
  deps: ReceiptDeps,
  { id, wait_ms }: { id: string; wait_ms?: number },
): Promise<ContainerReceipt> {
  const row = await deps.db
    .selectFrom('ops.container_upgrades')
    .select(['declaration_id', 'person_id', 'body', 'sealed_seed', 'leaf_hash'])
    .where('declaration_id', '=', id)
    .executeTakeFirst();
  if (!row) throw notFound();
  const person_key = await deps.keys.find(row.person_id);
  const seed = person_key && openUpgradeSeed(row, person_key);
  return receiptFor(deps, { kind: 'container', id, version: 1, ...row, seed }, wait_ms);
}

/** The same of a signed document that is no declaration's. @throws Problem 404 */
export async function getDocumentReceipt(
  deps: ReceiptDeps,
  { id, version, wait_ms }: { id: string; version?: number; wait_ms?: number },
): Promise<ContainerReceipt> {
  const versions = deps.db
    .selectFrom('ops.signed_documents')
    .select(['version', 'body', 'sealed_seed', 'leaf_hash'])
    .where('id', '=', id);
  const wanted = version === undefined ? versions : versions.where('version', '=', version);
  const row = await wanted.orderBy('version', 'desc').limit(1).executeTakeFirst();
  if (!row) throw notFound();
  const key = await deps.keys.find(id);
  const seed = key && openDocumentSeed({ id, ...row }, key);
  return receiptFor(deps, { kind: 'document', id, ...row, seed }, wait_ms);
}

async function receiptFor(deps: ReceiptDeps, record: LoggedRecord, wait_ms = 0): Promise<ContainerReceipt> {
  const covered = await waitForCheckpoint(deps.db, record, wait_ms);
  const { version, leaf_hash, body, seed } = record;
  return {
    version,
    leaf_hash: leaf_hash.toString('hex'),
    leaf_index: covered?.leaf_index ?? null,
    checkpoint_size: covered?.size ?? null,
    entry: covered?.entry.toString() ?? null,
    receipt: covered ? await proofOf(deps.tiles, covered) : null,
    // Once the key was dropped the leaf stands for anything and nothing.
    record: seed ? { body: body.toString(), seed: seed.toString('base64') } : null,
  };
}

type Place = Pick<LoggedRecord, 'kind' | 'id' | 'version'>;
type Covered = { leaf_index: number; entry: Buffer; size: number; note: Buffer };

async function waitForCheckpoint(db: Kysely<Tables>, place: Place, wait_ms: number): Promise<Covered | undefined> {
  const until = performance.now() + wait_ms;
  for (;;) {
    const covered = await findCovered(db, place);
    if (covered || performance.now() >= until) return covered;
    await new Promise((resolve) => setTimeout(resolve, poll_ms));
  }
}

/** The record's leaf with the newest checkpoint, if that covers it. */
async function findCovered(db: Kysely<Tables>, { kind, id, version }: Place): Promise<Covered | undefined> {
  const { rows } = await sql<Covered>`
    select leaf.leaf_index, leaf.entry, newest.size, newest.note
    from ops.log_entries leaf,
      lateral (select size, note from ops.log_checkpoints order by size desc limit 1) newest
    where leaf.kind = ${kind} and leaf.record_id = ${id} and leaf.version = ${version}
      and leaf.leaf_index < newest.size`.execute(db);
  return rows[0];
}

async function proofOf(tiles: TileStore, { leaf_index, size, note }: Covered): Promise<string> {
  const index = BigInt(leaf_index);
  const proof = await proveInclusion({ store: tiles, size: BigInt(size), index });
  return Buffer.from(encodeReceipt({ index, proof, checkpoint: note })).toString();
}
