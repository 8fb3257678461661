import { makeConsistencyProof } from './consistency.ts';
import { TlogError } from './errors.ts';
import { appendLeaves, emptyRange } from './frontier.ts';
import { EMPTY_ROOT } from './hashing.ts';
import { makeInclusionProof } from './inclusion.ts';
import type { TileStore } from './stores.ts';
import { type HashSource, hashIntervals, type Node } from './subtrees.ts';
import { TILE_WIDTH, type Tile, tilePath, tileWidth } from './tile-paths.ts';
import { readTile } from './tiles.ts';

/** Hashes read from the tiles of a stored tree of `size` leaves; each tile is read once per call. Throws `tile_missing`, `tile_malformed`, `range_invalid`. */
export function createTileHashSource(store: TileStore, size: bigint): HashSource {
  return {
    readHashes: async (nodes) => {
      const tiles = new Map<string, Promise<Uint8Array[]>>();
      const read = (tile: Tile) => {
        const path = tilePath(tile);
        const reading = tiles.get(path) ?? readTile(store, tile);
        tiles.set(path, reading);
        return reading;
      };
      return Promise.all(nodes.map((node) => readNode(node, size, read)));
    },
  };
}

/** The inclusion proof of a leaf in the stored tree of `size` leaves. Throws `range_invalid`, `tile_missing`, `tile_malformed`. */
export function proveInclusion({
  store,
  size,
  index,
}: {
  store: TileStore;
  size: bigint;
  index: bigint;
}): Promise<Uint8Array[]> {
  return makeInclusionProof(createTileHashSource(store, size), { index, size });
}

/** The consistency proof between two sizes of the stored tree. Throws `range_invalid`, `tile_missing`, `tile_malformed`. */
export function proveConsistency(input: { store: TileStore; old_size: bigint; size: bigint }): Promise<Uint8Array[]> {
  const { store, old_size, size } = input;
  return makeConsistencyProof(createTileHashSource(store, size), { old_size, size });
}

/** The root of the stored tree of `size` leaves. Throws `tile_missing`, `tile_malformed`. */
export async function readRoot({ store, size }: { store: TileStore; size: bigint }): Promise<Uint8Array> {
  if (size === 0n) return EMPTY_ROOT;
  const [root] = await hashIntervals(createTileHashSource(store, size), [{ start: 0n, end: size }]);
  return root!;
}

/** A subtree's hash: hashes of one tile, joined up to seven levels (c2sp.org/tlog-tiles, Merkle Tree). */
async function readNode(
  { level, index }: Node,
  size: bigint,
  read: (tile: Tile) => Promise<Uint8Array[]>,
): Promise<Uint8Array> {
  const tile_level = Math.floor(level / 8);
  const count = 2 ** (level % 8);
  const first = index * BigInt(count);
  const tile_index = first / BigInt(TILE_WIDTH);
  const offset = Number(first % BigInt(TILE_WIDTH));
  const width = tileWidth({ level: tile_level, index: tile_index }, size);
  if (offset + count > width) throw new TlogError('range_invalid', `no subtree ${level}/${index} in a tree of ${size}`);
  const hashes = await read({ level: tile_level, index: tile_index, width });
  return appendLeaves(emptyRange(0n), hashes.slice(offset, offset + count)).hashes[0]!;
}
