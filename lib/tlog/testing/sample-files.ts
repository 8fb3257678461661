import type { TileStore } from '../stores.ts';
import { TILE_WIDTH, tilePath, tileWidth } from '../tile-paths.ts';

/** Every tile and bundle of a log of `size` entries, by path: what a copy of it holds. */
export async function tileStoreFiles(tiles: TileStore, size: number): Promise<[path: string, bytes: Uint8Array][]> {
  const levels = ['entries', ...Array.from({ length: 8 }, (_, level) => level)] as const;
  const places = levels.flatMap((level) => {
    const below = level === 'entries' ? 1 : TILE_WIDTH ** level;
    const count = Math.ceil(Math.floor(size / below) / TILE_WIDTH);
    return Array.from({ length: count }, (_, at) => ({ level, index: BigInt(at) }));
  });
  return Promise.all(
    places.map(async (place) => {
      const path = tilePath({ ...place, width: tileWidth(place, BigInt(size)) });
      return [path, (await tiles.get(path))!] as [string, Uint8Array];
    }),
  );
}
