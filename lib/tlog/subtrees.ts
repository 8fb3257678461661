import { TlogError } from './errors.ts';
import { hashNode } from './hashing.ts';

/** A complete subtree: the leaves from `index · 2^level` to `(index + 1) · 2^level`. */
export type Node = { level: number; index: bigint };

/** The leaves from `start` up to, but not including, `end`. */
export type Interval = { start: bigint; end: bigint };

/** Where the hashes of complete subtrees come from: tiles, memory, a database. Answers in the order asked. */
export interface HashSource {
  readHashes(nodes: readonly Node[]): Promise<Uint8Array[]>;
}

/** The largest power of two smaller than `size` (> 1): where RFC 6962 §2.1 splits a tree. */
export function splitPoint(size: bigint): bigint {
  return 1n << BigInt(bitLength(size - 1n) - 1);
}

/** How many binary digits a number has; 0 for 0. */
export function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length;
}

/** The fewest complete subtrees that cover an interval, from left to right. */
export function coverInterval({ start, end }: Interval): Node[] {
  const nodes: Node[] = [];
  for (let at = start; at < end; ) {
    const level = largestLevelAt(at, end - at);
    nodes.push({ level, index: at >> BigInt(level) });
    at += 1n << BigInt(level);
  }
  return nodes;
}

/** The root over hashes of complete subtrees of falling size, left to right: joined from the right (RFC 6962 §2.1). */
export function joinHashes(hashes: readonly Uint8Array[]): Uint8Array {
  const last = hashes.at(-1);
  if (last === undefined) throw new TlogError('range_invalid', 'no hash to join');
  let root = last;
  for (const left of hashes.slice(0, -1).reverse()) root = hashNode(left, root);
  return root;
}

/**
 * Merkle tree hashes of intervals, read in one go. Every interval must begin where a subtree as wide as itself may
 * begin, as all those in proofs do. Throws what the source throws.
 */
export async function hashIntervals(source: HashSource, intervals: readonly Interval[]): Promise<Uint8Array[]> {
  const covers = intervals.map(coverInterval);
  const hashes = await source.readHashes(covers.flat());
  let from = 0;
  return covers.map((cover) => {
    from += cover.length;
    return joinHashes(hashes.slice(from - cover.length, from));
  });
}

function largestLevelAt(start: bigint, width: bigint): number {
  const fits = bitLength(width) - 1;
  if (start === 0n) return fits;
  const aligned = bitLength(start & -start) - 1;
  return Math.min(fits, aligned);
}
