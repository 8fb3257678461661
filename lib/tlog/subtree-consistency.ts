import { equalBytes } from './bytes.ts';
import { MAX_SIZE } from './decimal.ts';
import { TlogError } from './errors.ts';
import { assertHash, hashNode } from './hashing.ts';
import { bitLength, type HashSource, hashIntervals, type Interval, splitPoint } from './subtrees.ts';

/** An interval of leaves within a tree of `size` leaves. */
export type SubtreeOf = Interval & { size: bigint };

/**
 * Whether the interval is a subtree: it begins at a multiple of the smallest power of two that is not smaller than its
 * width (draft-ietf-plants-merkle-tree-certs §4.1). A subtree starting at 0 is a tree head.
 */
export function isSubtree({ start, end }: Interval): boolean {
  if (start < 0n || start >= end) return false;
  return start % (1n << BigInt(bitLength(end - start - 1n))) === 0n;
}

/**
 * The proof that the tree of `size` leaves holds this subtree (same draft, §4.4); for `start` 0 it is the consistency
 * proof of RFC 9162 §2.1.4. Throws `range_invalid` when the interval is no subtree or not within the tree.
 */
export async function makeSubtreeConsistencyProof(source: HashSource, subtree: SubtreeOf): Promise<Uint8Array[]> {
  assertSubtreeOf(subtree);
  return hashIntervals(source, proofIntervals(subtree, { start: 0n, end: subtree.size }, true));
}

/** Returns when the subtree's hash belongs to the tree's root; throws `proof_invalid`, `range_invalid` or `hash_invalid` otherwise. */
export function verifySubtreeConsistency(
  claim: SubtreeOf & { subtree_hash: Uint8Array; root: Uint8Array; proof: readonly Uint8Array[] },
): void {
  assertSubtreeOf(claim);
  assertHash(claim.subtree_hash);
  assertHash(claim.root);
  const rest = [...claim.proof];
  const { inner, outer } = rebuild(claim, { start: 0n, end: claim.size }, claim.subtree_hash, rest);
  if (rest.length > 0) throw new TlogError('proof_invalid', `${rest.length} hashes too many`);
  if (!equalBytes(inner, claim.subtree_hash)) throw new TlogError('proof_invalid', 'another hash for the subtree');
  if (!equalBytes(outer, claim.root)) throw new TlogError('proof_invalid', 'another root');
}

function assertSubtreeOf({ start, end, size }: SubtreeOf): void {
  if (!isSubtree({ start, end }) || end > size || size > MAX_SIZE) {
    throw new TlogError('range_invalid', `[${start}, ${end}) is no subtree of a tree of ${size}`);
  }
}

/** SUBTREE_SUBPROOF of the draft, as intervals: `known` while the verifier can hold the hash of the whole subtree. */
function proofIntervals(subtree: Interval, tree: Interval, known: boolean): Interval[] {
  if (subtree.start === tree.start && subtree.end === tree.end) return known ? [] : [tree];
  const middle = tree.start + splitPoint(tree.end - tree.start);
  const left = { start: tree.start, end: middle };
  const right = { start: middle, end: tree.end };
  if (subtree.end <= middle) return [...proofIntervals(subtree, left, known), right];
  if (subtree.start >= middle) return [...proofIntervals(subtree, right, known), left];
  return [...proofIntervals({ start: middle, end: subtree.end }, right, false), left];
}

/** Walks as `proofIntervals` does, taking one hash where that gave one: `inner` is the subtree, `outer` the tree. */
function rebuild(
  subtree: Interval,
  tree: Interval,
  known: Uint8Array | undefined,
  rest: Uint8Array[],
): { inner: Uint8Array; outer: Uint8Array } {
  if (subtree.start === tree.start && subtree.end === tree.end) {
    const hash = known ?? takeHash(rest);
    return { inner: hash, outer: hash };
  }
  const middle = tree.start + splitPoint(tree.end - tree.start);
  const left = { start: tree.start, end: middle };
  const right = { start: middle, end: tree.end };
  if (subtree.end <= middle) {
    const { inner, outer } = rebuild(subtree, left, known, rest);
    return { inner, outer: hashNode(outer, takeHash(rest)) };
  }
  if (subtree.start >= middle) {
    const { inner, outer } = rebuild(subtree, right, known, rest);
    return { inner, outer: hashNode(takeHash(rest), outer) };
  }
  const { inner, outer } = rebuild({ start: middle, end: subtree.end }, right, undefined, rest);
  const left_hash = takeHash(rest);
  return { inner: hashNode(left_hash, inner), outer: hashNode(left_hash, outer) };
}

function takeHash(rest: Uint8Array[]): Uint8Array {
  const hash = rest.shift();
  if (hash === undefined) throw new TlogError('proof_invalid', 'too few hashes');
  assertHash(hash);
  return hash;
}
