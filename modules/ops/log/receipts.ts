import type { KeyStore } from '@zdravo/kit/keys';
import { notFound } from '@zdravo/kit/problem';
import { encodeReceipt, proveInclusion, type TileStore } from '@zdravo/tlog';
import { type Kysely, sql } from 'kysely';
import type { DeclarationReceipt } from '../contract.ts';
import type { Tables } from '../tables.ts';
import { openSeed, parseBody } from '../versions.ts';

export type ReceiptDeps = { db: Kysely<Tables>; keys: KeyStore; tiles: TileStore };

const poll_ms = 100;

/**
 * The receipt of one version, and what a reader of the record needs to check that the leaf stands for it. A version that
 * no checkpoint covers yet is waited for, `wait_ms` at most; then `receipt` is null.
 * @throws Problem 404
 */
export async function getReceipt(
  deps: ReceiptDeps,
  { id, version, wait_ms = 0 }: { id: string; version?: number; wait_ms?: number },
): Promise<DeclarationReceipt> {
  const row = await findVersion(deps.db, id, version);
  if (!row) throw notFound();
  const covered = await waitForCheckpoint(deps.db, { id, version: row.version }, wait_ms);
  return {
    declaration_id: id,
    version: row.version,
    leaf_hash: row.leaf_hash.toString('hex'),
    leaf_index: covered?.leaf_index ?? null,
    checkpoint_size: covered?.size ?? null,
    entry: covered?.entry.toString() ?? null,
    receipt: covered ? await receiptOf(deps.tiles, covered) : null,
    record: await openRecord(deps.keys, id, row),
  };
}

type VersionRow = { version: number; body: Buffer; sealed_seed: Buffer; leaf_hash: Buffer };
type Covered = { leaf_index: number; entry: Buffer; size: number; note: Buffer };

function findVersion(db: Kysely<Tables>, id: string, version: number | undefined): Promise<VersionRow | undefined> {
  const versions = db
    .selectFrom('ops.declaration_versions')
    .select(['version', 'body', 'sealed_seed', 'leaf_hash'])
    .where('declaration_id', '=', id);
  const wanted = version === undefined ? versions : versions.where('version', '=', version);
  return wanted.orderBy('version', 'desc').limit(1).executeTakeFirst();
}

async function waitForCheckpoint(
  db: Kysely<Tables>,
  version: { id: string; version: number },
  wait_ms: number,
): Promise<Covered | undefined> {
  const until = performance.now() + wait_ms;
  for (;;) {
    const covered = await findCovered(db, version);
    if (covered || performance.now() >= until) return covered;
    await new Promise((resolve) => setTimeout(resolve, poll_ms));
  }
}

/** The version's leaf with the newest checkpoint, if that covers it. */
async function findCovered(
  db: Kysely<Tables>,
  { id, version }: { id: string; version: number },
): Promise<Covered | undefined> {
  const { rows } = await sql<Covered>`
    select leaf.leaf_index, leaf.entry, newest.size, newest.note
    from ops.log_entries leaf,
      lateral (select size, note from ops.log_checkpoints order by size desc limit 1) newest
    where leaf.kind = 'declaration' and leaf.record_id = ${id} and leaf.version = ${version}
      and leaf.leaf_index < newest.size`.execute(db);
  return rows[0];
}

async function receiptOf(tiles: TileStore, { leaf_index, size, note }: Covered): Promise<string> {
  const index = BigInt(leaf_index);
  const proof = await proveInclusion({ store: tiles, size: BigInt(size), index });
  return Buffer.from(encodeReceipt({ index, proof, checkpoint: note })).toString();
}

/** Nothing once the person was erased: without the seed the leaf stands for anything and nothing. */
async function openRecord(keys: KeyStore, id: string, row: VersionRow): Promise<DeclarationReceipt['record']> {
  const person_key = await keys.find(parseBody(row.body).person_id);
  if (!person_key) return null;
  const seed = openSeed({ id, version: row.version, sealed_seed: row.sealed_seed }, person_key);
  return { body: row.body.toString(), seed: seed.toString('base64') };
}
