import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createFile, findFile, makeDirectory } from './durable-files.ts';
import type { TileStore } from './stores.ts';
import { parseTilePath } from './tile-paths.ts';

/**
 * Tiles as files below a directory, under the very paths of c2sp.org/tlog-tiles: any web server can serve it. A file
 * is durable and whole before `putIfAbsent` returns. Throws `tile_path_invalid` for every other path.
 */
export function createFileTileStore(directory: string): TileStore {
  const known = new Set<string>();
  const locate = (path: string) => {
    parseTilePath(path);
    return join(directory, path);
  };
  return {
    get: async (path) => findFile(locate(path)),
    putIfAbsent: async (path, bytes) => {
      const file = locate(path);
      await makeKnownDirectory(dirname(file), known);
      return createFile(file, bytes);
    },
    remove: async (path) => rm(locate(path), { force: true }),
  };
}

async function makeKnownDirectory(path: string, known: Set<string>): Promise<void> {
  if (known.has(path)) return;
  await makeDirectory(path);
  if (known.size > 1000) known.clear();
  known.add(path);
}
