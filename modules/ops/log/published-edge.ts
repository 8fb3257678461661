import {
  type BundleEdge,
  EMPTY_BUNDLE_EDGE,
  EMPTY_FRONTIER,
  EMPTY_ROOT,
  EMPTY_TILE_EDGE,
  type Frontier,
  frontierOfEdge,
  frontierRoot,
  hashLeaf,
  loadBundleEdge,
  loadTileEdge,
  openCheckpoint,
  type TileEdge,
  type TileStore,
  TlogError,
  writeBundles,
  writeTiles,
} from '@zdravo/tlog';
import { LogRefusal } from './refusals.ts';
import { signed_name, type TransparencyLog } from './transparency-log.ts';

/** The last signed tree and where its files end: from here publication goes on. */
export type PublishedEdge = {
  size: bigint;
  root: Uint8Array;
  frontier: Frontier;
  /** The signed note; absent before the first one. */
  note?: Uint8Array;
  tiles: TileEdge;
  bundles: BundleEdge;
};

/**
 * Reads the last signed checkpoint and the files that it stands for, and checks that they lead to the signed root.
 * @throws LogRefusal `tiles_damaged`.
 */
export async function loadSignedEdge(log: TransparencyLog): Promise<PublishedEdge> {
  const note = await log.checkpoints.get(signed_name);
  if (!note)
    return { size: 0n, root: EMPTY_ROOT, frontier: EMPTY_FRONTIER, tiles: EMPTY_TILE_EDGE, bundles: EMPTY_BUNDLE_EDGE };
  const { size, root } = signedHead(log, note);
  try {
    const [tiles, bundles] = await Promise.all([loadTileEdge(log.tiles, size), loadBundleEdge(log.tiles, size)]);
    const frontier = frontierOfEdge(tiles);
    if (!Buffer.from(frontierRoot(frontier)).equals(root))
      throw new LogRefusal('tiles_damaged', `another root at ${size} leaves`);
    return { size, root, frontier, note, tiles, bundles };
  } catch (error) {
    if (error instanceof TlogError) throw new LogRefusal('tiles_damaged', error.message);
    throw error;
  }
}

/** The head that a note of our own signed. */
export function signedHead(log: TransparencyLog, note: Uint8Array): { size: bigint; root: Uint8Array } {
  const keys = log.signers.map(({ key }) => key);
  return openCheckpoint(note, keys).checkpoint;
}

/** Writes the files of further entries. Repeated after a crash, it writes the same bytes. @throws LogRefusal `database_forked`. */
export async function extendEdge(
  store: TileStore,
  edge: PublishedEdge,
  entries: readonly Uint8Array[],
): Promise<PublishedEdge> {
  try {
    const [tiles, bundles] = await Promise.all([
      writeTiles(store, { edge: edge.tiles, leaf_hashes: entries.map(hashLeaf) }),
      writeBundles(store, { edge: edge.bundles, entries }),
    ]);
    const frontier = frontierOfEdge(tiles);
    return { ...edge, size: tiles.size, root: frontierRoot(frontier), frontier, tiles, bundles };
  } catch (error) {
    if (error instanceof TlogError && error.code === 'tile_conflict')
      throw new LogRefusal('database_forked', error.message);
    throw error;
  }
}
