import { equalBytes } from './bytes.ts';
import { MAX_SIZE } from './decimal.ts';
import { TlogError } from './errors.ts';
import { assertHash, EMPTY_ROOT } from './hashing.ts';
import { makeSubtreeConsistencyProof, verifySubtreeConsistency } from './subtree-consistency.ts';
import type { HashSource } from './subtrees.ts';

/**
 * The proof that the tree of `size` leaves begins with the tree of `old_size` leaves (RFC 6962 §2.1.2).
 * Empty when the sizes are equal or the old tree is empty. Throws `range_invalid` when the old tree is the larger.
 */
export async function makeConsistencyProof(
  source: HashSource,
  { old_size, size }: { old_size: bigint; size: bigint },
): Promise<Uint8Array[]> {
  assertGrown(old_size, size);
  if (old_size === 0n) return [];
  return makeSubtreeConsistencyProof(source, { start: 0n, end: old_size, size });
}

export type ConsistencyClaim = {
  old_size: bigint;
  old_root: Uint8Array;
  size: bigint;
  root: Uint8Array;
  proof: readonly Uint8Array[];
};

/**
 * Returns when the new tree is an extension of the old one; throws `proof_invalid`, `range_invalid` or `hash_invalid`
 * otherwise. The empty tree must have the empty root, and everything extends it without proof.
 */
export function verifyConsistency({ old_size, old_root, size, root, proof }: ConsistencyClaim): void {
  assertGrown(old_size, size);
  assertHash(old_root);
  assertHash(root);
  if (old_size > 0n) {
    verifySubtreeConsistency({ start: 0n, end: old_size, subtree_hash: old_root, size, root, proof });
    return;
  }
  if (proof.length > 0) throw new TlogError('proof_invalid', 'the empty tree needs no proof');
  if (!equalBytes(old_root, EMPTY_ROOT)) throw new TlogError('proof_invalid', 'another root for the empty tree');
  if (size === 0n && !equalBytes(root, EMPTY_ROOT))
    throw new TlogError('proof_invalid', 'another root for the empty tree');
}

function assertGrown(old_size: bigint, size: bigint): void {
  if (old_size < 0n || old_size > size || size > MAX_SIZE)
    throw new TlogError('range_invalid', `from size ${old_size} to ${size}`);
}
