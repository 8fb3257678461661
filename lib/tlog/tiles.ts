import { concatBytes } from './bytes.ts';
import { TlogError } from './errors.ts';
import { appendLeaves, EMPTY_FRONTIER, type Frontier, frontierRoot } from './frontier.ts';
import { HASH_BYTES } from './hashing.ts';
import { readPrefix } from './prefixes.ts';
import { putImmutable, type TileStore } from './stores.ts';
import { TILE_WIDTH, type Tile, tilePath, tileWidth } from './tile-paths.ts';

/** The right edge of a tree in tiles: per level, from 0 up, the hashes of the last tile that is not yet full. */
export type TileEdge = { readonly size: bigint; readonly levels: readonly (readonly Uint8Array[])[] };

/** The edge of the tree without leaves. */
export const EMPTY_TILE_EDGE: TileEdge = { size: 0n, levels: [] };

/** Reads the right edge of a stored tree of `size` leaves. Throws `tile_missing` or `tile_malformed`. */
export async function loadTileEdge(store: TileStore, size: bigint): Promise<TileEdge> {
  const levels: Promise<Uint8Array[]>[] = [];
  for (let level = 0; size >> BigInt(8 * level) > 0n; level++) {
    const index = size >> BigInt(8 * (level + 1));
    const width = tileWidth({ level, index }, size);
    levels.push(width === 0 ? Promise.resolve([]) : readTile(store, { level, index, width }));
  }
  return { size, levels: await Promise.all(levels) };
}

/** The hashes of a tile; a full tile stands in for a partial one that was tidied away. Throws `tile_missing` or `tile_malformed`. */
export async function readTile(store: TileStore, tile: Tile): Promise<Uint8Array[]> {
  const { bytes, width } = await readPrefix(store, tile);
  if (bytes.length !== width * HASH_BYTES) throw new TlogError('tile_malformed', tilePath(tile));
  return Array.from({ length: tile.width }, (_, at) => bytes.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES));
}

/** The edge after further leaves, and every file that the grown tree needs and the old one had not. Touches no store. */
export function extendTiles(
  edge: TileEdge,
  leaf_hashes: readonly Uint8Array[],
): { edge: TileEdge; files: Map<string, Uint8Array> } {
  const files = new Map<string, Uint8Array>();
  const size = edge.size + BigInt(leaf_hashes.length);
  const levels: Uint8Array[][] = [];
  let added = leaf_hashes;
  for (let level = 0; added.length > 0 || level < edge.levels.length; level++) {
    const first_index = edge.size >> BigInt(8 * (level + 1));
    const held = edge.levels[level] ?? [];
    const { roots, rest } =
      added.length === 0
        ? { roots: [], rest: [...held] }
        : cutTiles([...held, ...added], (index, hashes) => {
            files.set(
              tilePath({ level, index: first_index + BigInt(index), width: hashes.length }),
              concatBytes(...hashes),
            );
          });
    levels.push(rest);
    added = roots;
  }
  return { edge: { size, levels }, files };
}

/**
 * Appends leaves to the stored tree: writes all tiles, then returns the new edge. Running it again after a crash
 * writes the same bytes. Throws `tile_conflict` when the store holds another tree.
 */
export async function writeTiles(
  store: TileStore,
  { edge, leaf_hashes }: { edge: TileEdge; leaf_hashes: readonly Uint8Array[] },
): Promise<TileEdge> {
  const { edge: grown, files } = extendTiles(edge, leaf_hashes);
  await writeFiles(store, files);
  return grown;
}

/** Writes immutable files, several at a time. Throws `tile_conflict`. */
export async function writeFiles(store: TileStore, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const rest = files.entries();
  const work = async () => {
    for (const [path, bytes] of rest) await putImmutable(store, path, bytes);
  };
  await Promise.all(Array.from({ length: 16 }, work));
}

/** The frontier that an edge stands for: a way to compare stored tiles with a signed root. */
export function frontierOfEdge({ size, levels }: TileEdge): Frontier {
  const hashes = levels.map((tile) => appendLeaves(EMPTY_FRONTIER, tile).hashes).reverse();
  return { start: 0n, end: size, hashes: hashes.flat() };
}

/** Calls back for every full tile and for the partial one at the end; gives the roots of the full ones and what is left. */
function cutTiles(
  hashes: Uint8Array[],
  emit: (index: number, hashes: Uint8Array[]) => void,
): { roots: Uint8Array[]; rest: Uint8Array[] } {
  const full = Math.floor(hashes.length / TILE_WIDTH);
  const roots: Uint8Array[] = [];
  for (let index = 0; index < full; index++) {
    const tile = hashes.slice(index * TILE_WIDTH, (index + 1) * TILE_WIDTH);
    emit(index, tile);
    roots.push(frontierRoot(appendLeaves(EMPTY_FRONTIER, tile)));
  }
  const rest = hashes.slice(full * TILE_WIDTH);
  if (rest.length > 0) emit(full, rest);
  return { roots, rest };
}
