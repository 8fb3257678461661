import { TlogError } from './errors.ts';
import type { TileStore } from './stores.ts';
import { TILE_WIDTH, type Tile, tilePath } from './tile-paths.ts';

/**
 * The file of a tile or bundle, or the full one in place of a partial one: logs may delete partial tiles once the full
 * one is there (c2sp.org/tlog-tiles, Partial Tiles). `width` says which was read. Throws `tile_missing`.
 */
export async function readPrefix(store: TileStore, tile: Tile): Promise<{ bytes: Uint8Array; width: number }> {
  const bytes = await store.get(tilePath(tile));
  if (bytes !== undefined) return { bytes, width: tile.width };
  const full = tile.width < TILE_WIDTH ? await store.get(tilePath({ ...tile, width: TILE_WIDTH })) : undefined;
  if (full === undefined) throw new TlogError('tile_missing', tilePath(tile));
  return { bytes: full, width: TILE_WIDTH };
}
