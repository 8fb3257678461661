import { MAX_SIZE } from './decimal.ts';
import { TlogError } from './errors.ts';

/** Hashes in a full tile, and entries in a full bundle. */
export const TILE_WIDTH = 256;

/** A tile of hashes, or a bundle of entries: `level` is a number or `entries`; `width` below 256 means partial. */
export type Tile = { level: number | 'entries'; index: bigint; width: number };

/** Levels above this have no hash in a tree of at most 2^63 leaves. */
const MAX_LEVEL = 63;

/** `tile/<L>/<N>[.p/<W>]` with N in groups of three digits: `x001/x234/067` (c2sp.org/tlog-tiles). Throws `tile_path_invalid`. */
export function tilePath({ level, index, width }: Tile): string {
  const is_level = level === 'entries' || (Number.isInteger(level) && level >= 0 && level <= MAX_LEVEL);
  const is_width = Number.isInteger(width) && width >= 1 && width <= TILE_WIDTH;
  if (!is_level || !is_width || index < 0n || index > MAX_SIZE)
    throw new TlogError('tile_path_invalid', `${level}/${index}/${width}`);
  const partial = width === TILE_WIDTH ? '' : `.p/${width}`;
  return `tile/${level}/${groupDigits(index)}${partial}`;
}

/** Reads a tile's path; only what `tilePath` writes is accepted. Throws `tile_path_invalid`. */
export function parseTilePath(path: string): Tile {
  const match =
    path.length > 64 ? null : /^tile\/(entries|\d{1,2})\/((?:x\d{3}\/)*\d{3})(?:\.p\/(\d{1,3}))?$/.exec(path);
  if (match === null) throw new TlogError('tile_path_invalid', JSON.stringify(path.slice(0, 64)));
  const [, level, digits, width] = match;
  const tile: Tile = {
    level: level === 'entries' ? level : Number(level),
    index: BigInt(digits!.replaceAll(/[x/]/g, '')),
    width: width === undefined ? TILE_WIDTH : Number(width),
  };
  if (tilePath(tile) !== path) throw new TlogError('tile_path_invalid', path);
  return tile;
}

/** How wide the tile is in a tree of `size` leaves: 0 when it is not there, 256 when full. */
export function tileWidth({ level, index }: Pick<Tile, 'level' | 'index'>, size: bigint): number {
  const hashes = size >> BigInt(8 * (level === 'entries' ? 0 : level));
  const width = hashes - index * BigInt(TILE_WIDTH);
  if (width <= 0n) return 0;
  return width >= TILE_WIDTH ? TILE_WIDTH : Number(width);
}

/** The partial tiles and the partial bundle that a tree of `size` leaves ends in: superseded once their tile is full. */
export function partialTiles(size: bigint): Tile[] {
  const tiles: Tile[] = [];
  for (let level = 0; size >> BigInt(8 * level) > 0n; level++) {
    const index = size >> BigInt(8 * (level + 1));
    const width = tileWidth({ level, index }, size);
    if (width === 0) continue;
    tiles.push({ level, index, width });
    if (level === 0) tiles.push({ level: 'entries', index, width });
  }
  return tiles;
}

function groupDigits(index: bigint): string {
  const digits = index.toString();
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/\d{3}/g)!;
  return groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
}
