import { assertAtMost, concatBytes, withCode } from './bytes.ts';
import { MAX_SIZE } from './decimal.ts';
import { TlogError } from './errors.ts';
import { assertHash, EMPTY_ROOT, HASH_BYTES, hashNode } from './hashing.ts';
import { coverInterval, joinHashes } from './subtrees.ts';

/**
 * A compact range: the hashes of the fewest complete subtrees over the leaves from `start` to `end`, left to right.
 * Never changed in place.
 */
export type CompactRange = { readonly start: bigint; readonly end: bigint; readonly hashes: readonly Uint8Array[] };

/** The compact range of a whole tree: all that is needed to append to it and to know its root (≤ 63 hashes). */
export type Frontier = CompactRange & { readonly start: 0n };

/** The frontier of the tree without leaves. */
export const EMPTY_FRONTIER: Frontier = { start: 0n, end: 0n, hashes: [] };

/** A range without leaves that begins at `start`. */
export function emptyRange(start: bigint): CompactRange {
  if (start < 0n || start > MAX_SIZE) throw new TlogError('range_invalid', `start ${start}`);
  return { start, end: start, hashes: [] };
}

/** The range with further leaves at its right end, in order. Throws `hash_invalid`. */
export function appendLeaves<R extends CompactRange>(range: R, leaf_hashes: readonly Uint8Array[]): R {
  const hashes = [...range.hashes];
  let end = range.end;
  for (const leaf_hash of leaf_hashes) {
    assertHash(leaf_hash);
    pushNode(hashes, range.start, { level: 0n, index: end }, leaf_hash);
    end += 1n;
  }
  if (end > MAX_SIZE) throw new TlogError('range_invalid', `size ${end}`);
  return { ...range, end, hashes };
}

/** One range out of two that touch: workers may hash parts of a tree apart. Throws `range_invalid` when they do not touch. */
export function mergeRanges<R extends CompactRange>(left: R, right: CompactRange): R {
  if (left.end !== right.start) throw new TlogError('range_invalid', `[…, ${left.end}) and [${right.start}, …)`);
  const hashes = [...left.hashes];
  for (const [at, node] of coverInterval(right).entries()) {
    pushNode(hashes, left.start, { level: BigInt(node.level), index: node.index }, right.hashes[at]!);
  }
  return { ...left, end: right.end, hashes };
}

/** The root of the tree (RFC 6962 §2.1). */
export function frontierRoot(frontier: Frontier): Uint8Array {
  return frontier.end === 0n ? EMPTY_ROOT : joinHashes(frontier.hashes);
}

/** The frontier as bytes: the size as 8 bytes, big-endian, then the hashes. */
export function encodeFrontier(frontier: Frontier): Uint8Array {
  const size = new Uint8Array(8);
  new DataView(size.buffer).setBigUint64(0, frontier.end);
  return concatBytes(size, ...frontier.hashes);
}

/** Reads what `encodeFrontier` wrote. Throws `frontier_malformed` or `too_large`. */
export function decodeFrontier(bytes: Uint8Array): Frontier {
  assertAtMost(bytes, 8 + 63 * HASH_BYTES);
  if (bytes.length < 8) throw new TlogError('frontier_malformed', 'no size');
  const end = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0);
  const hashes: Uint8Array[] = [];
  for (let at = 8; at < bytes.length; at += HASH_BYTES) hashes.push(bytes.slice(at, at + HASH_BYTES));
  withCode('frontier_malformed', () => hashes.forEach(assertHash));
  if (end > MAX_SIZE || hashes.length !== onesIn(end)) {
    throw new TlogError('frontier_malformed', `${hashes.length} hashes for size ${end}`);
  }
  return { start: 0n, end, hashes };
}

/** Adds a complete subtree at the right and joins it with its left siblings as long as they belong to the range. */
function pushNode(
  hashes: Uint8Array[],
  range_start: bigint,
  node: { level: bigint; index: bigint },
  node_hash: Uint8Array,
): void {
  let { level, index } = node;
  let hash = node_hash;
  while ((index & 1n) === 1n && (index - 1n) << level >= range_start) {
    hash = hashNode(hashes.pop()!, hash);
    level += 1n;
    index >>= 1n;
  }
  hashes.push(hash);
}

function onesIn(value: bigint): number {
  return value.toString(2).replaceAll('0', '').length;
}
