import { equalBytes } from './bytes.ts';
import { TlogError } from './errors.ts';

/** Where tiles and entry bundles live: paths are as in c2sp.org/tlog-tiles, and what a path holds never changes. */
export interface TileStore {
  get(path: string): Promise<Uint8Array | undefined>;
  /** Stores durably and at once, or says `false` and changes nothing when the path is taken. */
  putIfAbsent(path: string, bytes: Uint8Array): Promise<boolean>;
  /** Removes a superseded partial tile; an absent one is no error. */
  remove(path: string): Promise<void>;
}

/**
 * Small named values that change: the last signed checkpoint of a log, the record of a witness. It must not be rolled
 * back: keep it out of the database whose backups may be restored.
 */
export interface CheckpointStore {
  get(name: string): Promise<Uint8Array | undefined>;
  /**
   * Durably replaces the value if it is still the expected one (`undefined`: none yet), atomically against every other
   * caller. Says `false` and changes nothing otherwise.
   */
  compareAndSwap(name: string, expected: Uint8Array | undefined, next: Uint8Array): Promise<boolean>;
}

/** Stores bytes under an immutable path; the same bytes again are fine. Throws `tile_conflict` when others are there. */
export async function putImmutable(store: TileStore, path: string, bytes: Uint8Array): Promise<void> {
  if (await store.putIfAbsent(path, bytes)) return;
  const present = await store.get(path);
  if (present === undefined || !equalBytes(present, bytes)) throw new TlogError('tile_conflict', path);
}
