import { createHash } from 'node:crypto';
import { oids } from '../asn1/oids.ts';

/** Digests that signatures may use, with the names node:crypto has for them. SHA-1 and MD5 are not among them. */
export const node_digests: Record<string, string> = {
  [oids.sha256]: 'sha256',
  [oids.sha384]: 'sha384',
  [oids.sha512]: 'sha512',
  [oids.sha3_256]: 'sha3-256',
  [oids.sha3_384]: 'sha3-384',
  [oids.sha3_512]: 'sha3-512',
};

/** Digest by object identifier, or undefined when the algorithm is not accepted. */
export function digest(algorithm: string, bytes: Uint8Array): Uint8Array | undefined {
  const name = node_digests[algorithm];
  return name ? createHash(name).update(bytes).digest() : undefined;
}

export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
