import { concatBytes, encodeUtf8 } from '../bytes.ts';
import { EMPTY_ROOT, hashLeaf, sha256 } from '../hashing.ts';
import type { HashSource } from '../subtrees.ts';

/** Entries of a small log, all different. */
export function entriesUpTo(size: number): Uint8Array[] {
  return Array.from({ length: size }, (_, index) => encodeUtf8(`entry ${index}`));
}

export function leavesUpTo(size: number): Uint8Array[] {
  return entriesUpTo(size).map(hashLeaf);
}

/** MTH of RFC 6962 §2.1, word for word and slow: what the fast code is compared with. */
export function referenceRoot(leaf_hashes: readonly Uint8Array[]): Uint8Array {
  if (leaf_hashes.length === 0) return EMPTY_ROOT;
  if (leaf_hashes.length === 1) return leaf_hashes[0]!;
  const split = splitBelow(leaf_hashes.length);
  return node(referenceRoot(leaf_hashes.slice(0, split)), referenceRoot(leaf_hashes.slice(split)));
}

/** A hash source over leaves in memory. */
export function memorySource(leaf_hashes: readonly Uint8Array[]): HashSource {
  return {
    readHashes: async (nodes) =>
      nodes.map(({ level, index }) => {
        const width = 2 ** level;
        const from = Number(index) * width;
        if (from + width > leaf_hashes.length) throw new Error('outside of the tree');
        return referenceRoot(leaf_hashes.slice(from, from + width));
      }),
  };
}

/** The iterative inclusion check of RFC 9162 §2.1.3.2, as a second opinion. */
export function referenceInclusion(claim: {
  index: bigint;
  size: bigint;
  leaf_hash: Uint8Array;
  proof: readonly Uint8Array[];
}): Uint8Array | undefined {
  let { index: fn } = claim;
  let sn = claim.size - 1n;
  if (fn > sn) return undefined;
  let root = claim.leaf_hash;
  for (const hash of claim.proof) {
    if (sn === 0n) return undefined;
    if ((fn & 1n) === 1n || fn === sn) {
      root = node(hash, root);
      while ((fn & 1n) === 0n && fn !== 0n) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else root = node(root, hash);
    fn >>= 1n;
    sn >>= 1n;
  }
  return sn === 0n ? root : undefined;
}

/** The iterative consistency check of RFC 9162 §2.1.4.2, as a second opinion: the two roots the proof leads to. */
export function referenceConsistency(claim: {
  old_size: bigint;
  old_root: Uint8Array;
  size: bigint;
  proof: readonly Uint8Array[];
}): { old_root: Uint8Array; root: Uint8Array } | undefined {
  const is_power = (claim.old_size & (claim.old_size - 1n)) === 0n;
  const path = is_power ? [claim.old_root, ...claim.proof] : [...claim.proof];
  let fn = claim.old_size - 1n;
  let sn = claim.size - 1n;
  while ((fn & 1n) === 1n) {
    fn >>= 1n;
    sn >>= 1n;
  }
  const [first, ...rest] = path;
  if (first === undefined) return undefined;
  let [fr, sr] = [first, first];
  for (const hash of rest) {
    if (sn === 0n) return undefined;
    if ((fn & 1n) === 1n || fn === sn) {
      fr = node(hash, fr);
      sr = node(hash, sr);
      while ((fn & 1n) === 0n && fn !== 0n) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else sr = node(sr, hash);
    fn >>= 1n;
    sn >>= 1n;
  }
  return sn === 0n ? { old_root: fr, root: sr } : undefined;
}

function node(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concatBytes(new Uint8Array([1]), left, right));
}

function splitBelow(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}
