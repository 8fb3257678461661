import { concatBytes } from './bytes.ts';
import type { TileStore } from './stores.ts';
import { parseTilePath } from './tile-paths.ts';

type Address = { bucket: string; key: string };

/** As much of an object storage as tiles need; any S3 with `If-None-Match: *` on PUT has it. */
export interface ObjectStore {
  /** Throws an error with the code `not_found` when there is no such object. */
  get(address: Address): Promise<{ body: AsyncIterable<Uint8Array> }>;
  /** Atomic: of any number of rivals one answers `stored: true`. */
  putIfAbsent(input: Address & { body: Uint8Array; content_type: string }): Promise<{ stored: boolean }>;
  /** Deleting what is not there succeeds. */
  delete(address: Address): Promise<void>;
}

/**
 * Tiles and entry bundles as objects of a public bucket, below a prefix and under the very paths of c2sp.org/tlog-tiles.
 * Throws `tile_path_invalid` for every other path.
 */
export function createObjectTileStore(
  store: ObjectStore,
  { bucket, prefix = '' }: { bucket: string; prefix?: string },
): TileStore {
  const locate = (path: string): Address => {
    parseTilePath(path);
    return { bucket, key: `${prefix}${path}` };
  };
  return {
    get: async (path) => {
      const found = await store.get(locate(path)).catch((error: unknown) => {
        if ((error as { code?: unknown }).code === 'not_found') return undefined;
        throw error;
      });
      return found && concatBytes(...(await Array.fromAsync(found.body)));
    },
    putIfAbsent: async (path, bytes) => {
      const { stored } = await store.putIfAbsent({
        ...locate(path),
        body: bytes,
        content_type: 'application/octet-stream',
      });
      return stored;
    },
    remove: (path) => store.delete(locate(path)),
  };
}
