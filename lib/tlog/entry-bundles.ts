import { assertAtMost, concatBytes } from './bytes.ts';
import { TlogError } from './errors.ts';
import { readPrefix } from './prefixes.ts';
import type { TileStore } from './stores.ts';
import { TILE_WIDTH, type Tile, tilePath, tileWidth } from './tile-paths.ts';
import { writeFiles } from './tiles.ts';

/** Bytes in the longest entry: its length is written in two bytes. */
export const MAX_ENTRY_BYTES = 65_535;

const MAX_BUNDLE_BYTES = TILE_WIDTH * (2 + MAX_ENTRY_BYTES);

/** The entries of the last bundle that is not yet full. */
export type BundleEdge = { readonly size: bigint; readonly entries: readonly Uint8Array[] };

/** The edge of the log without entries. */
export const EMPTY_BUNDLE_EDGE: BundleEdge = { size: 0n, entries: [] };

/** Entries one after the other, each after its length as a big-endian uint16 (c2sp.org/tlog-tiles, Log entries). Throws `entry_too_large`. */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  return concatBytes(...entries.flatMap((entry) => [encodeLength(entry), entry]));
}

/** Reads a bundle of exactly `width` entries. Throws `bundle_malformed` or `too_large`. */
export function parseBundle(bytes: Uint8Array, width: number): Uint8Array[] {
  assertAtMost(bytes, MAX_BUNDLE_BYTES);
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (entries.length === width || at + 2 > bytes.length) throw new TlogError('bundle_malformed', `at byte ${at}`);
    const end = at + 2 + ((bytes[at]! << 8) | bytes[at + 1]!);
    if (end > bytes.length) throw new TlogError('bundle_malformed', `at byte ${at}`);
    entries.push(bytes.slice(at + 2, end));
    at = end;
  }
  if (entries.length !== width) throw new TlogError('bundle_malformed', `${entries.length} entries, ${width} expected`);
  return entries;
}

/** The entries of one bundle, numbered as tiles are. Throws `tile_missing` or `bundle_malformed`. */
export async function readBundle(store: TileStore, { index, width }: Omit<Tile, 'level'>): Promise<Uint8Array[]> {
  const read = await readPrefix(store, { level: 'entries', index, width });
  return parseBundle(read.bytes, read.width).slice(0, width);
}

/** Every entry from `from` up to `size`, one bundle in memory at a time. Throws `tile_missing` or `bundle_malformed`. */
export async function* readEntries(
  store: TileStore,
  { from, size }: { from: bigint; size: bigint },
): AsyncGenerator<{ index: bigint; entry: Uint8Array }> {
  const width = BigInt(TILE_WIDTH);
  for (let bundle = from / width; bundle * width < size; bundle++) {
    const entries = await readBundle(store, {
      index: bundle,
      width: tileWidth({ level: 'entries', index: bundle }, size),
    });
    for (const [at, entry] of entries.entries()) {
      const index = bundle * width + BigInt(at);
      if (index >= from) yield { index, entry };
    }
  }
}

/** Reads the last, partial bundle of a stored log of `size` entries. Throws `tile_missing` or `bundle_malformed`. */
export async function loadBundleEdge(store: TileStore, size: bigint): Promise<BundleEdge> {
  const index = size / BigInt(TILE_WIDTH);
  const width = tileWidth({ level: 'entries', index }, size);
  return { size, entries: width === 0 ? [] : await readBundle(store, { index, width }) };
}

/**
 * Appends entries to the stored log: writes all bundles, then returns the new edge. Running it again after a crash
 * writes the same bytes. Throws `tile_conflict` when the store holds other entries, `entry_too_large`.
 */
export async function writeBundles(
  store: TileStore,
  { edge, entries }: { edge: BundleEdge; entries: readonly Uint8Array[] },
): Promise<BundleEdge> {
  const pending = [...edge.entries, ...entries];
  const first_index = edge.size / BigInt(TILE_WIDTH);
  const files = new Map<string, Uint8Array>();
  for (let at = 0; at < pending.length && entries.length > 0; at += TILE_WIDTH) {
    const bundle = pending.slice(at, at + TILE_WIDTH);
    const index = first_index + BigInt(at / TILE_WIDTH);
    files.set(tilePath({ level: 'entries', index, width: bundle.length }), encodeBundle(bundle));
  }
  await writeFiles(store, files);
  const full = pending.length - (pending.length % TILE_WIDTH);
  return { size: edge.size + BigInt(entries.length), entries: pending.slice(full) };
}

function encodeLength(entry: Uint8Array): Uint8Array {
  if (entry.length > MAX_ENTRY_BYTES) throw new TlogError('entry_too_large', `${entry.length} bytes`);
  return new Uint8Array([entry.length >> 8, entry.length & 0xff]);
}
