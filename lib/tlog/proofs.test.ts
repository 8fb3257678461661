import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { equalBytes } from './bytes.ts';
import { type ConsistencyClaim, makeConsistencyProof, verifyConsistency } from './consistency.ts';
import { EMPTY_ROOT } from './hashing.ts';
import { makeInclusionProof, rootOfInclusion, verifyInclusion } from './inclusion.ts';
import { isSubtree, makeSubtreeConsistencyProof, verifySubtreeConsistency } from './subtree-consistency.ts';
import {
  leavesUpTo,
  memorySource,
  referenceConsistency,
  referenceInclusion,
  referenceRoot,
} from './testing/reference-tree.ts';
import { assertRefused, assertRejected, unlessRefused } from './testing/refusals.ts';

const MOST = 40;
const leaves = leavesUpTo(MOST);
const roots = Array.from({ length: MOST + 1 }, (_, size) => referenceRoot(leaves.slice(0, size)));

test('every leaf of every tree up to 40 is proven, as RFC 9162 checks it too', async () => {
  for (let size = 1; size <= MOST; size++) {
    for (let index = 0; index < size; index++) {
      const claim = { index: BigInt(index), size: BigInt(size), leaf_hash: leaves[index]! };
      const proof = await makeInclusionProof(memorySource(leaves.slice(0, size)), claim);
      verifyInclusion({ ...claim, proof, root: roots[size]! });
      assert.deepEqual(referenceInclusion({ ...claim, proof }), roots[size]);
    }
  }
});

test('every tree up to 40 is proven to extend every smaller one, as RFC 9162 checks it too', async () => {
  for (let size = 0; size <= MOST; size++) {
    for (let old_size = 0; old_size <= size; old_size++) {
      const sizes = { old_size: BigInt(old_size), size: BigInt(size) };
      const [old_root, root] = [roots[old_size]!, roots[size]!];
      const proof = await makeConsistencyProof(memorySource(leaves), sizes);
      verifyConsistency({ ...sizes, old_root, root, proof });
      if (old_size > 0 && old_size < size) {
        assert.deepEqual(referenceConsistency({ ...sizes, old_root, proof }), { old_root, root });
      }
    }
  }
});

test('every subtree of every tree up to 24 is proven to belong to it, and other intervals are refused', async () => {
  for (let size = 1; size <= 24; size++) {
    for (let start = 0; start < size; start++) {
      for (let end = start + 1; end <= size; end++) await checkSubtree(start, end, size);
    }
  }
});

async function checkSubtree(start: number, end: number, size: number): Promise<void> {
  const subtree = { start: BigInt(start), end: BigInt(end), size: BigInt(size) };
  const making = makeSubtreeConsistencyProof(memorySource(leaves.slice(0, size)), subtree);
  if (!isSubtree(subtree)) return assertRejected('range_invalid', making);
  const proof = await making;
  const claim = { ...subtree, subtree_hash: referenceRoot(leaves.slice(start, end)), root: roots[size]!, proof };
  verifySubtreeConsistency(claim);
  assertRefused('proof_invalid', () => verifySubtreeConsistency({ ...claim, subtree_hash: EMPTY_ROOT }));
  assertRefused('proof_invalid', () => verifySubtreeConsistency({ ...claim, root: EMPTY_ROOT }));
  assertRefused('proof_invalid', () => verifySubtreeConsistency({ ...claim, proof: [...proof, EMPTY_ROOT] }));
}

test('an inclusion proof changed anywhere is judged as RFC 9162 judges it, and never proves another leaf', async () => {
  const size = 37n;
  const proofs = await Promise.all(
    leaves
      .slice(0, 37)
      .map((_, index) => makeInclusionProof(memorySource(leaves.slice(0, 37)), { index: BigInt(index), size })),
  );
  const claims = fc.record({
    index: fc.bigInt(-2n, 80n),
    size: fc.oneof(fc.constant(size), fc.bigInt(-1n, 80n), fc.bigInt(2n ** 62n, 2n ** 65n)),
    of: fc.nat(36),
    leaf: fc.nat(36),
    cut: fc.nat(8),
    extra: fc.array(fc.uint8Array({ minLength: 31, maxLength: 33 }), { maxLength: 2 }),
    flip: fc.option(fc.tuple(fc.nat(5), fc.nat(255))),
  });
  fc.assert(
    fc.property(claims, (given) => {
      const proof = [
        ...proofs[given.of]!.slice(0, given.cut).map((hash, at) => flipBit(hash, at, given.flip)),
        ...given.extra,
      ];
      const claim = { index: given.index, size: given.size, leaf_hash: leaves[given.leaf]!, proof, root: roots[37]! };
      const accepted = unlessRefused(() => verifyInclusion(claim) ?? true) === true;
      const is_in_range = given.index >= 0n && given.index < given.size && given.size < 2n ** 63n;
      const has_whole_hashes = proof.every((hash) => hash.length === 32);
      const expected = is_in_range && has_whole_hashes ? referenceInclusion(claim) : undefined;
      assert.equal(accepted, expected !== undefined && equalBytes(expected, roots[37]!));
      assert.ok(!accepted || given.size !== size || given.index === BigInt(given.leaf));
    }),
    { numRuns: 3000, examples: [[{ index: 3n, size, of: 3, leaf: 3, cut: 8, extra: [], flip: null }]] },
  );
});

test('a consistency proof changed anywhere is judged as RFC 9162 judges it', () => {
  const given = fc.record({
    old_size: fc.nat(MOST),
    size: fc.nat(MOST),
    claimed_old: fc.nat(MOST),
    claimed_new: fc.nat(MOST),
    flip: fc.option(fc.tuple(fc.nat(6), fc.nat(255))),
    cut: fc.nat(8),
  });
  return fc.assert(
    fc.asyncProperty(given, async ({ old_size, size, claimed_old, claimed_new, flip, cut }) => {
      if (old_size > size) return;
      const honest = await makeConsistencyProof(memorySource(leaves), {
        old_size: BigInt(old_size),
        size: BigInt(size),
      });
      const proof = honest.slice(0, cut).map((hash, at) => flipBit(hash, at, flip));
      const claim = {
        old_size: BigInt(claimed_old),
        size: BigInt(claimed_new),
        old_root: roots[old_size]!,
        root: roots[size]!,
        proof,
      };
      const accepted = unlessRefused(() => verifyConsistency(claim) ?? true) === true;
      assert.equal(accepted, referenceVerdict(claim));
      assert.ok(!accepted || claimed_new !== size || claimed_old === old_size || old_size === size);
    }),
    { numRuns: 2000 },
  );
});

test('a proof in a tree of 2^63 - 1 leaves has at most 63 hashes', () => {
  const size = 2n ** 63n - 1n;
  const claim = { index: 0n, size, leaf_hash: EMPTY_ROOT };
  rootOfInclusion({ ...claim, proof: Array.from({ length: 63 }, () => EMPTY_ROOT) });
  assertRefused('proof_invalid', () =>
    rootOfInclusion({ ...claim, proof: Array.from({ length: 62 }, () => EMPTY_ROOT) }),
  );
  assertRefused('range_invalid', () => rootOfInclusion({ ...claim, size: size + 1n, proof: [] }));
});

function flipBit(hash: Uint8Array, at: number, flip: [number, number] | null): Uint8Array {
  if (flip === null || flip[0] !== at) return hash;
  return hash.map((byte, index) => (index === flip[1] >> 3 ? byte ^ (1 << (flip[1] & 7)) : byte));
}

/** RFC 9162 §2.1.4.2, with the cases around it: equal sizes, and the empty tree that all trees extend. */
function referenceVerdict(claim: ConsistencyClaim): boolean {
  const { old_size, size, old_root, root, proof } = claim;
  if (old_size > size) return false;
  if (old_size === size)
    return proof.length === 0 && equalBytes(old_root, root) && (size > 0n || equalBytes(root, EMPTY_ROOT));
  if (old_size === 0n) return proof.length === 0 && equalBytes(old_root, EMPTY_ROOT);
  const found = proof.length === 0 ? undefined : referenceConsistency(claim);
  return found !== undefined && equalBytes(found.old_root, old_root) && equalBytes(found.root, root);
}
