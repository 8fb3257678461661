import { appendLeaves, EMPTY_FRONTIER, frontierRoot, hashLeaf } from '@zdravo/tlog';

/** The RFC 6962 root over digests in the order of their bytes. */
export function foldDigests(sorted: readonly Uint8Array[]): Buffer {
  return Buffer.from(frontierRoot(appendLeaves(EMPTY_FRONTIER, sorted.map(hashLeaf))));
}
