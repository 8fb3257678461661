import { TlogError } from './errors.ts';
import type { TileStore } from './stores.ts';
import { parseTilePath, TILE_WIDTH } from './tile-paths.ts';

/** A public file of a log, with the headers that c2sp.org/tlog-tiles asks for. */
export type LogFile = { bytes: Uint8Array; content_type: string; cache_control: string };

/** Finds public files of a log by their path below the log's prefix, without a leading slash. */
export type FindLogFile = (path: string) => Promise<LogFile | undefined>;

const IMMUTABLE = 'public, max-age=31536000, immutable';
const CHANGING = 'no-cache';

/**
 * The public interface of a log (c2sp.org/tlog-tiles, Parameters): `checkpoint`, tiles, entry bundles, and whatever
 * small texts the operator adds, such as the policy under `policy`. Any other path is not found.
 */
export function createLogFiles(input: {
  tiles: TileStore;
  checkpoint: () => Promise<Uint8Array | undefined>;
  texts?: Readonly<Record<string, Uint8Array>>;
}): FindLogFile {
  return async (path) => {
    if (path === 'checkpoint') return textFile(await input.checkpoint());
    if (input.texts && Object.hasOwn(input.texts, path)) return textFile(input.texts[path]);
    if (!isTilePath(path)) return undefined;
    const bytes = await input.tiles.get(path);
    return bytes && { bytes, content_type: 'application/octet-stream', cache_control: IMMUTABLE };
  };
}

function textFile(bytes: Uint8Array | undefined): LogFile | undefined {
  return bytes && { bytes, content_type: 'text/plain; charset=utf-8', cache_control: CHANGING };
}

function isTilePath(path: string): boolean {
  try {
    return parseTilePath(path).width <= TILE_WIDTH;
  } catch (error) {
    if (error instanceof TlogError) return false;
    throw error;
  }
}
