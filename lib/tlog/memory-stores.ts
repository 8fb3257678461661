import { equalBytes } from './bytes.ts';
import type { CheckpointStore, TileStore } from './stores.ts';

/** A tile store that forgets with the process: for tests, and for verifiers that were handed the tiles they need. */
export function createMemoryTileStore(): TileStore & { paths(): string[] } {
  const files = new Map<string, Uint8Array>();
  return {
    get: async (path) => files.get(path)?.slice(),
    putIfAbsent: async (path, bytes) => {
      if (files.has(path)) return false;
      files.set(path, bytes.slice());
      return true;
    },
    remove: async (path) => void files.delete(path),
    paths: () => [...files.keys()].sort(),
  };
}

/** A checkpoint store that forgets with the process: for tests. */
export function createMemoryCheckpointStore(): CheckpointStore {
  const values = new Map<string, Uint8Array>();
  return {
    get: async (name) => values.get(name)?.slice(),
    compareAndSwap: async (name, expected, next) => {
      const current = values.get(name);
      const unchanged =
        current === undefined || expected === undefined ? current === expected : equalBytes(current, expected);
      if (unchanged) values.set(name, next.slice());
      return unchanged;
    },
  };
}
