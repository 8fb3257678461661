import { equalBytes } from './bytes.ts';
import { MAX_SIZE } from './decimal.ts';
import { TlogError } from './errors.ts';
import { assertHash, hashNode } from './hashing.ts';
import { type HashSource, hashIntervals, type Interval, splitPoint } from './subtrees.ts';

/**
 * The proof that the leaf at `index` is in the tree of `size` leaves, from the leaf's sibling up (RFC 6962 §2.1.1).
 * Throws `range_invalid` when the tree has no such leaf.
 */
export async function makeInclusionProof(
  source: HashSource,
  { index, size }: { index: bigint; size: bigint },
): Promise<Uint8Array[]> {
  assertInside(index, size);
  return hashIntervals(source, siblings(index, 0n, size));
}

export type InclusionClaim = {
  index: bigint;
  size: bigint;
  leaf_hash: Uint8Array;
  proof: readonly Uint8Array[];
};

/** The only root under which the claim is true. Throws `range_invalid`, `hash_invalid`, or `proof_invalid` for a wrong number of hashes. */
export function rootOfInclusion({ index, size, leaf_hash, proof }: InclusionClaim): Uint8Array {
  assertInside(index, size);
  assertHash(leaf_hash);
  const sides = siblings(index, 0n, size).map((interval) => interval.start <= index);
  if (sides.length !== proof.length) {
    throw new TlogError('proof_invalid', `${proof.length} hashes, ${sides.length} expected`);
  }
  return proof.reduce((root, hash, at) => (sides[at] ? hashNode(hash, root) : hashNode(root, hash)), leaf_hash);
}

/** Returns when the leaf is in the tree with this root; throws `proof_invalid`, `range_invalid` or `hash_invalid` otherwise. */
export function verifyInclusion(claim: InclusionClaim & { root: Uint8Array }): void {
  assertHash(claim.root);
  if (!equalBytes(rootOfInclusion(claim), claim.root)) throw new TlogError('proof_invalid', 'another root');
}

function assertInside(index: bigint, size: bigint): void {
  if (index < 0n || index >= size || size > MAX_SIZE)
    throw new TlogError('range_invalid', `no leaf ${index} in a tree of ${size}`);
}

/** PATH(m, D[n]) of RFC 6962 §2.1.1, as intervals; those to the left of the leaf start before it. */
function siblings(index: bigint, start: bigint, end: bigint): Interval[] {
  if (end - start === 1n) return [];
  const middle = start + splitPoint(end - start);
  return index < middle
    ? [...siblings(index, start, middle), { start: middle, end }]
    : [...siblings(index, middle, end), { start, end: middle }];
}
