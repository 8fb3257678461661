import { partialTiles, type TileStore, tilePath, tileWidth } from '@zdravo/tlog';

/**
 * Removes partial tiles of the tree that was published before once the new tree has the full tile in their place
 * (c2sp.org/tlog-tiles, Partial Tiles). Those of a crash in between stay: they are small and true.
 */
export async function removeSuperseded(store: TileStore, before: bigint, now: bigint): Promise<void> {
  if (before < 0n) return;
  const superseded = partialTiles(before).filter((tile) => tileWidth(tile, now) === 256);
  await Promise.all(superseded.map((tile) => store.remove(tilePath(tile))));
}
