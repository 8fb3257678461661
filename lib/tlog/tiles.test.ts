import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { verifyConsistency } from './consistency.ts';
import {
  EMPTY_BUNDLE_EDGE,
  encodeBundle,
  loadBundleEdge,
  parseBundle,
  readEntries,
  writeBundles,
} from './entry-bundles.ts';
import { appendLeaves, EMPTY_FRONTIER, frontierRoot } from './frontier.ts';
import { hashLeaf } from './hashing.ts';
import { verifyInclusion } from './inclusion.ts';
import { createMemoryTileStore } from './memory-stores.ts';
import { entriesUpTo } from './testing/reference-tree.ts';
import { assertParserHolds, assertRefused, assertRejected, hostileBytes, unlessRefused } from './testing/refusals.ts';
import { proveConsistency, proveInclusion, readRoot } from './tile-hashes.ts';
import { parseTilePath, tilePath } from './tile-paths.ts';
import { EMPTY_TILE_EDGE, frontierOfEdge, loadTileEdge, writeTiles } from './tiles.ts';

const entries = entriesUpTo(70_000);
const leaves = entries.map(hashLeaf);

test('the paths of the specification are written and read', () => {
  assert.equal(tilePath({ level: 0, index: 1_234_067n, width: 256 }), 'tile/0/x001/x234/067');
  assert.equal(tilePath({ level: 63, index: 0n, width: 1 }), 'tile/63/000.p/1');
  assert.equal(tilePath({ level: 'entries', index: 1000n, width: 255 }), 'tile/entries/x001/000.p/255');
  assert.deepEqual(parseTilePath('tile/0/x001/x234/067'), { level: 0, index: 1_234_067n, width: 256 });
});

test('a path that the specification would not write is refused', () => {
  const wrong = [
    '',
    'tile/0',
    'tile/00/000',
    'tile/64/000',
    'tile/0/x000/000',
    'tile/0/1',
    'tile/0/0001',
    'tile/0/x001',
    'tile/0/001/000',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/01',
    'tile/0/000.p/',
    'tile/-1/000',
    'tile/0/../000',
    'tile/0/000\n',
    '/tile/0/000',
    'tile/data/000',
    `tile/0/${'x999/'.repeat(20)}999`,
  ];
  for (const path of wrong) assertRefused('tile_path_invalid', () => parseTilePath(path));
});

test('every path that is read is written the same again', () => {
  const valid = ['tile/0/x001/x234/067', 'tile/5/000.p/255', 'tile/entries/x123/456.p/9'].map((path) =>
    Buffer.from(path),
  );
  fc.assert(
    fc.property(hostileBytes(valid), (bytes) => {
      const path = Buffer.from(bytes).toString('latin1');
      const tile = unlessRefused(() => parseTilePath(path));
      assert.ok(tile === undefined || tilePath(tile) === path);
    }),
  );
});

test('a tree of 70,000 leaves is stored as the specification says', async () => {
  const store = createMemoryTileStore();
  await writeTiles(store, { edge: EMPTY_TILE_EDGE, leaf_hashes: leaves });
  const paths = store.paths();
  assert.equal(paths.filter((path) => /^tile\/0\/[^.]*$/.test(path)).length, 273);
  const partial = paths.filter((path) => path.includes('.p/'));
  assert.deepEqual(partial, ['tile/0/273.p/112', 'tile/1/001.p/17', 'tile/2/000.p/1']);
  assert.equal(paths.length, 273 + 1 + 3);
  assert.deepEqual(await readRoot({ store, size: 70_000n }), frontierRoot(appendLeaves(EMPTY_FRONTIER, leaves)));
});

test('a tree of 256 leaves is one full tile and a partial one of one hash above it', async () => {
  const store = createMemoryTileStore();
  await writeTiles(store, { edge: EMPTY_TILE_EDGE, leaf_hashes: leaves.slice(0, 256) });
  assert.deepEqual(store.paths(), ['tile/0/000', 'tile/1/000.p/1']);
});

test('proofs read from tiles hold between any sizes that were published', async () => {
  const store = createMemoryTileStore();
  const sizes = [1, 2, 255, 256, 257, 700, 65_535, 65_536, 65_537, 70_000];
  await publish(store, sizes);
  const roots = new Map(sizes.map((size) => [size, frontierRoot(appendLeaves(EMPTY_FRONTIER, leaves.slice(0, size)))]));
  for (const size of sizes) {
    for (const index of [0, size >> 1, size - 1]) await checkInclusion(store, { index, size, root: roots.get(size)! });
    for (const old_size of sizes.filter((old) => old <= size)) {
      const claim = {
        old_size: BigInt(old_size),
        old_root: roots.get(old_size)!,
        size: BigInt(size),
        root: roots.get(size)!,
      };
      verifyConsistency({ ...claim, proof: await proveConsistency({ store, ...claim }) });
    }
  }
});

test('the edge read back from the store is the edge that was left, and its frontier has the root', async () => {
  const store = createMemoryTileStore();
  for (const size of [0, 1, 255, 256, 257, 65_536, 65_900]) {
    const written = await writeTiles(store, { edge: EMPTY_TILE_EDGE, leaf_hashes: leaves.slice(0, size) });
    const edge = await loadTileEdge(store, BigInt(size));
    assert.deepEqual(frontierOfEdge(edge), appendLeaves(EMPTY_FRONTIER, leaves.slice(0, size)));
    assert.deepEqual(frontierOfEdge(written), frontierOfEdge(edge));
  }
});

test('a tree grown in any steps leaves the same tiles as one written at once', async () => {
  const at_once = createMemoryTileStore();
  await publish(at_once, [1000]);
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 1, max: 999 }), { maxLength: 8 }), async (steps) => {
      const store = createMemoryTileStore();
      await publish(store, [...steps.sort((a, b) => a - b), 1000]);
      for (const path of at_once.paths()) assert.deepEqual(await store.get(path), await at_once.get(path), path);
    }),
    { numRuns: 25 },
  );
});

test('writing again after a crash changes nothing, and writing another tree is refused', async () => {
  const store = createMemoryTileStore();
  await publish(store, [300, 700]);
  await publish(store, [300, 700]);
  const edge = await loadTileEdge(store, 300n);
  const forged = [...leaves.slice(300, 699), leaves[0]!];
  await assertRejected('tile_conflict', writeTiles(store, { edge, leaf_hashes: forged }));
  const bundles = await loadBundleEdge(store, 300n);
  await assertRejected(
    'tile_conflict',
    writeBundles(store, { edge: bundles, entries: [entries[0]!, ...entries.slice(301, 700)] }),
  );
});

test('a full tile stands in for a partial one that was tidied away; nothing stands in for a missing one', async () => {
  const store = createMemoryTileStore();
  await publish(store, [100, 600]);
  await store.remove('tile/0/000.p/100');
  await store.remove('tile/entries/000.p/100');
  assert.deepEqual((await loadTileEdge(store, 100n)).levels[0], leaves.slice(0, 100));
  assert.deepEqual((await loadBundleEdge(store, 100n)).entries, entries.slice(0, 100));
  await store.remove('tile/0/001');
  await assertRejected('tile_missing', proveInclusion({ store, size: 600n, index: 300n }));
  await assertRejected('tile_missing', loadTileEdge(store, 601n));
  await assertRejected('range_invalid', proveInclusion({ store, size: 600n, index: 600n }));
});

test('a tile of another length than its path says is refused', async () => {
  const store = createMemoryTileStore();
  await store.putIfAbsent('tile/0/000.p/2', new Uint8Array(63));
  await assertRejected('tile_malformed', readRoot({ store, size: 2n }));
});

test('all entries are read back in order, from any index', async () => {
  const store = createMemoryTileStore();
  await publish(store, [700]);
  for (const from of [0, 255, 256, 699, 700]) {
    const read: Uint8Array[] = [];
    for await (const { index, entry } of readEntries(store, { from: BigInt(from), size: 700n })) {
      assert.equal(index, BigInt(from + read.length));
      read.push(entry);
    }
    assert.deepEqual(read, entries.slice(from, 700));
  }
});

test('bundles that were changed are refused or say what they hold', () => {
  const longest = new Uint8Array(65_535).fill(7);
  assert.deepEqual(parseBundle(encodeBundle([longest, new Uint8Array(0)]), 2), [longest, new Uint8Array(0)]);
  assertRefused('entry_too_large', () => encodeBundle([new Uint8Array(65_536)]));
  assertRefused('bundle_malformed', () => parseBundle(encodeBundle(entries.slice(0, 3)), 2));
  assertParserHolds([encodeBundle(entries.slice(0, 9))], (bytes) => parseBundle(bytes, 9), encodeBundle);
});

async function publish(store: ReturnType<typeof createMemoryTileStore>, sizes: number[]): Promise<void> {
  let edge = EMPTY_TILE_EDGE;
  let bundles = EMPTY_BUNDLE_EDGE;
  for (const size of sizes) {
    bundles = await writeBundles(store, { edge: bundles, entries: entries.slice(Number(bundles.size), size) });
    edge = await writeTiles(store, { edge, leaf_hashes: leaves.slice(Number(edge.size), size) });
  }
}

async function checkInclusion(
  store: ReturnType<typeof createMemoryTileStore>,
  { index, size, root }: { index: number; size: number; root: Uint8Array },
): Promise<void> {
  const place = { index: BigInt(index), size: BigInt(size) };
  verifyInclusion({ ...place, leaf_hash: leaves[index]!, root, proof: await proveInclusion({ store, ...place }) });
}
