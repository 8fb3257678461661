import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeUtf8 } from './bytes.ts';
import { verifyConsistency } from './consistency.ts';
import { hashLeaf, sha256 } from './hashing.ts';
import { createMemoryTileStore } from './memory-stores.ts';
import { parsePolicy } from './policies.ts';
import { parseReceipt, verifyReceipt } from './receipts.ts';
import { entriesUpTo, leavesUpTo } from './testing/reference-tree.ts';
import { assertRefused } from './testing/refusals.ts';
import { proveInclusion } from './tile-hashes.ts';
import { EMPTY_TILE_EDGE, writeTiles } from './tiles.ts';

/** Made by the Go project's sumdb package and by transparency-dev/formats: a log of 700 entries, cosigned by Ed25519 and ML-DSA-44. */
type GoVectors = {
  policy: string;
  receipt: string;
  old_size: number;
  old_root: string;
  consistency: string[];
  tiles_sha256: Record<string, string>;
};

const SIZE = 700;
const vectors = JSON.parse(readFileSync(join(import.meta.dirname, 'testing/go.vectors.json'), 'utf8')) as GoVectors;
const receipt = encodeUtf8(vectors.receipt);
const policy = parsePolicy(encodeUtf8(vectors.policy));
const decode = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));

test('a receipt made in Go, with Ed25519 and ML-DSA-44 cosignatures, is verified by a policy written in Go', () => {
  const verdict = verifyReceipt({ receipt, leaf_hash: hashLeaf(entriesUpTo(74)[73]!), policy });
  assert.deepEqual([verdict.index, verdict.checkpoint.size], [73n, 700n]);
  assert.deepEqual(
    verdict.cosigners.map(({ name }) => name),
    ['w', 'm'],
  );
  assertRefused('proof_invalid', () => verifyReceipt({ receipt, leaf_hash: hashLeaf(encodeUtf8('entry 74')), policy }));
});

test('a consistency proof made in Go is verified', () => {
  const { checkpoint } = verifyReceipt({ receipt, leaf_hash: hashLeaf(entriesUpTo(74)[73]!), policy });
  const proof = vectors.consistency.map(decode);
  const old = { old_size: BigInt(vectors.old_size), old_root: decode(vectors.old_root) };
  verifyConsistency({ ...old, size: checkpoint.size, root: checkpoint.root, proof });
});

test('tiles and the proofs read from them are those that Go makes', async () => {
  const store = createMemoryTileStore();
  await writeTiles(store, { edge: EMPTY_TILE_EDGE, leaf_hashes: leavesUpTo(SIZE) });
  const sums = await Promise.all(
    store.paths().map(async (path) => [path, Buffer.from(sha256((await store.get(path))!)).toString('hex')]),
  );
  assert.deepEqual(Object.fromEntries(sums), vectors.tiles_sha256);
  assert.deepEqual(await proveInclusion({ store, size: BigInt(SIZE), index: 73n }), parseReceipt(receipt).proof);
});
