import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseCheckpointText } from '../checkpoints.ts';
import { replaceFile } from '../durable-files.ts';
import { TlogError } from '../errors.ts';
import { createFileTileStore } from '../file-tile-store.ts';
import { parseNote } from '../notes.ts';
import type { TileStore } from '../stores.ts';
import { partialTiles, TILE_WIDTH, type Tile, tilePath } from '../tile-paths.ts';

/** Fetches a public file of a log by its path below the log's prefix; undefined when there is none. */
export type FetchLogFile = (path: string) => Promise<Uint8Array | undefined>;

export type LogCopy = { size: bigint; fetched: number };

const attempts = 3;
const at_once = 16;

/**
 * Copies a public log into a folder, or brings a copy up to date: full tiles and bundles that are there are not fetched again,
 * and the checkpoint is written last. Nothing is verified here: `verifyLog` does that, without network. Throws `tile_missing`,
 * `note_malformed`, `checkpoint_malformed`.
 */
export async function copyLog(fetchFile: FetchLogFile, folder: string): Promise<LogCopy> {
  await mkdir(folder, { recursive: true });
  const tiles = createFileTileStore(folder);
  for (let attempt = 1; ; attempt++)
    try {
      return await copyOnce(fetchFile, { folder, tiles });
    } catch (error) {
      // While it is copied a log grows, and partial tiles of the tree before make room for full ones.
      if (attempt === attempts || !(error instanceof TlogError && error.code === 'tile_missing')) throw error;
    }
}

async function copyOnce(
  fetchFile: FetchLogFile,
  { folder, tiles }: { folder: string; tiles: TileStore },
): Promise<LogCopy> {
  const checkpoint = await fetchFile('checkpoint');
  if (!checkpoint) throw new TlogError('tile_missing', 'checkpoint');
  const { size } = parseCheckpointText(parseNote(checkpoint).text);
  let fetched = 0;
  let batch: string[] = [];
  const flush = async () => {
    const copied = await Promise.all(batch.map((path) => copyTile(fetchFile, tiles, path)));
    fetched += copied.filter(Boolean).length;
    batch = [];
  };
  for (const tile of tilesOf(size)) {
    batch.push(tilePath(tile));
    if (batch.length === at_once) await flush();
  }
  await flush();
  await replaceFile(join(folder, 'checkpoint'), checkpoint);
  return { size, fetched };
}

/** @returns whether it had to be fetched. */
async function copyTile(fetchFile: FetchLogFile, tiles: TileStore, path: string): Promise<boolean> {
  if (await tiles.get(path)) return false;
  const bytes = await fetchFile(path);
  if (!bytes) throw new TlogError('tile_missing', path);
  return tiles.putIfAbsent(path, bytes);
}

/** Everything that a tree of this size consists of (c2sp.org/tlog-tiles), one at a time: trees are large. */
function* tilesOf(size: bigint): Generator<Tile> {
  const width = TILE_WIDTH;
  for (let level = 0; size >> BigInt(8 * (level + 1)) > 0n; level++)
    for (let index = 0n; index < size >> BigInt(8 * (level + 1)); index++) {
      yield { level, index, width };
      if (level === 0) yield { level: 'entries', index, width };
    }
  yield* partialTiles(size);
}
