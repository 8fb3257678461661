import { decodeBase64, encodeBase64, encodeUtf8, equalBytes, withCode } from '../bytes.ts';
import { readEntries } from '../entry-bundles.ts';
import { TlogError } from '../errors.ts';
import { frontierRoot } from '../frontier.ts';
import { hashLeaf, sha256 } from '../hashing.ts';
import type { Policy } from '../policies.ts';
import { type PolicyVerdict, verifyCheckpoint } from '../policy-checks.ts';
import { type ReceiptVerdict, verifyReceipt } from '../receipts.ts';
import type { TileStore } from '../stores.ts';
import { parseTilePath, TILE_WIDTH, tileWidth } from '../tile-paths.ts';
import { EMPTY_TILE_EDGE, extendTiles, frontierOfEdge } from '../tiles.ts';
import { parseReceiptFile, type ReceiptFile } from './receipt-files.ts';

/** A public entry of a leaf: a commitment and what everyone may know. */
export type PublicEntry = { c: string; h: string; k: string; n: number; op: string; v: number };

export type VerifiedReceipt = ReceiptVerdict & { entry: PublicEntry; leaf_hash: string };
export type VerifiedRecord = VerifiedReceipt & { body: Record<string, unknown> };

/** What opens a version's commitment: SHA-256 over this label, the seed and the stored bytes. */
const VERSION_LABEL = 'zdravo-version/v1\n';
/** What a published document's commitment is over: this label and the document's bytes. No seed: it is public. */
const PUBLICATION_LABEL = 'zdravo-publication/v1\n';

/**
 * Verifies a receipt file by a policy alone: the entry is in a tree that the log signed and the quorum cosigned, and
 * whatever else the file says of it is true. Throws a `TlogError`.
 */
export function verifyReceiptFile(bytes: Uint8Array, policy: Policy): VerifiedReceipt {
  return verifyParsed(parseReceiptFile(bytes), policy);
}

/** As `verifyReceiptFile`, and that the record in the file is what the entry commits to. */
export function verifyRecordFile(bytes: Uint8Array, policy: Policy): VerifiedRecord {
  const file = parseReceiptFile(bytes);
  const verified = verifyParsed(file, policy);
  if (!file.record)
    throw new TlogError('receipt_malformed', 'the file holds no record (the person may have been erased)');
  return { ...verified, body: openRecord(file, verified.entry) };
}

/** Verifies that a published document is the one that was logged, by the receipt that was published beside it. */
export function verifyPublication(document: Uint8Array, receipt_file: Uint8Array, policy: Policy): VerifiedReceipt {
  const verified = verifyReceiptFile(receipt_file, policy);
  if (verified.entry.k !== 'publication') throw new TlogError('proof_invalid', 'the leaf is not of a publication');
  const commitment = encodeBase64(sha256(Buffer.concat([encodeUtf8(PUBLICATION_LABEL), document])));
  if (commitment !== verified.entry.c) throw new TlogError('proof_invalid', 'another document was published');
  return verified;
}

/**
 * Verifies a whole copy of a log: signatures and quorum of its checkpoint, and that entries and tiles both lead to its
 * root. One bundle in memory at a time.
 */
export async function verifyLog(
  input: { tiles: TileStore; checkpoint: Uint8Array },
  policy: Policy,
): Promise<Omit<PolicyVerdict, 'quorum_met'>> {
  const verified = verifyCheckpoint(input.checkpoint, policy);
  const { size, root } = verified.checkpoint;
  let edge = EMPTY_TILE_EDGE;
  let hashes: Uint8Array[] = [];
  for await (const { index, entry } of readEntries(input.tiles, { from: 0n, size })) {
    hashes.push(hashLeaf(entry));
    if (hashes.length < TILE_WIDTH && index + 1n < size) continue;
    const grown = extendTiles(edge, hashes);
    await compareFiles(input.tiles, grown.files, size);
    edge = grown.edge;
    hashes = [];
  }
  if (!equalBytes(frontierRoot(frontierOfEdge(edge)), root))
    throw new TlogError('proof_invalid', 'the entries lead to another root');
  return verified;
}

/** The stored tiles must be those that the entries make; partial ones only as the whole tree has them. */
async function compareFiles(store: TileStore, made: ReadonlyMap<string, Uint8Array>, size: bigint): Promise<void> {
  for (const [path, bytes] of made) {
    const { level, index, width } = parseTilePath(path);
    if (tileWidth({ level, index }, size) !== width) continue;
    const stored = await store.get(path);
    if (!stored || !equalBytes(stored, bytes))
      throw new TlogError('proof_invalid', `${path} is not what the entries make`);
  }
}

function verifyParsed(file: ReceiptFile, policy: Policy): VerifiedReceipt {
  const leaf_hash = hashLeaf(file.entry);
  const verdict = verifyReceipt({ receipt: file.receipt, leaf_hash, policy });
  const entry = parseEntry(file.entry);
  const hex = Buffer.from(leaf_hash).toString('hex');
  assertSame('leaf_hash', file.leaf_hash, hex);
  assertSame('leaf_index', file.leaf_index, Number(verdict.index));
  assertSame('checkpoint_size', file.checkpoint_size, Number(verdict.checkpoint.size));
  assertSame('version', file.version, entry.n);
  return { ...verdict, entry, leaf_hash: hex };
}

function assertSame<T>(name: string, claimed: T | undefined, found: T): void {
  if (claimed !== undefined && claimed !== found)
    throw new TlogError('proof_invalid', `${name} is not what the file says`);
}

function parseEntry(bytes: Uint8Array): PublicEntry {
  const value = parseObject(Buffer.from(bytes).toString());
  const { c, h, k, n, op, v } = value as Partial<PublicEntry>;
  if (v !== 1) throw new TlogError('receipt_malformed', 'a leaf of an unknown version');
  const texts = [c, h, k, op];
  if (texts.some((text) => typeof text !== 'string') || !Number.isSafeInteger(n))
    throw new TlogError('receipt_malformed', 'entry');
  return { c: c!, h: h!, k: k!, n: n!, op: op!, v };
}

function openRecord({ record, declaration_id }: ReceiptFile, entry: PublicEntry): Record<string, unknown> {
  const seed = withCode('receipt_malformed', () => decodeBase64(record!.seed));
  const bytes = encodeUtf8(record!.body);
  const commitment = encodeBase64(sha256(Buffer.concat([encodeUtf8(VERSION_LABEL), seed, bytes])));
  if (seed.length !== 32 || commitment !== entry.c)
    throw new TlogError('proof_invalid', 'the record is not the one that was logged');
  const body = parseObject(record!.body);
  if (body['version'] !== entry.n || body['op'] !== entry.op) throw new TlogError('proof_invalid', 'another version');
  assertSame('declaration_id', declaration_id, body['id']);
  return body;
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (cause) {
    throw new TlogError('receipt_malformed', 'not JSON', { cause });
  }
  throw new TlogError('receipt_malformed', 'an object expected');
}
