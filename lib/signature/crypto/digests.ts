import { createHash } from 'node:crypto';
import { oids } from '../asn1/oids.ts';
import { gost34311 } from '../dstu/gost34311.ts';
import { kupyna } from '../dstu/kupyna.ts';

/** Digests that signatures may use, with the names node:crypto has for them. SHA-1 and MD5 are not among them. */
export const node_digests: Record<string, string> = {
  [oids.sha256]: 'sha256',
  [oids.sha384]: 'sha384',
  [oids.sha512]: 'sha512',
  [oids.sha3_256]: 'sha3-256',
  [oids.sha3_384]: 'sha3-384',
  [oids.sha3_512]: 'sha3-512',
};

const national_digests: Record<string, (bytes: Uint8Array) => Uint8Array> = {
  [oids.gost34311]: (bytes) => gost34311(bytes),
  [oids.kupyna256]: (bytes) => kupyna(256, bytes),
  [oids.kupyna384]: (bytes) => kupyna(384, bytes),
  [oids.kupyna512]: (bytes) => kupyna(512, bytes),
};

export function isAcceptedDigest(algorithm: string): boolean {
  return Object.hasOwn(node_digests, algorithm) || Object.hasOwn(national_digests, algorithm);
}

/** Digest by object identifier, or undefined when the algorithm is not accepted. */
export function digest(algorithm: string, bytes: Uint8Array): Uint8Array | undefined {
  if (!isAcceptedDigest(algorithm)) return undefined;
  const name = node_digests[algorithm];
  return name ? createHash(name).update(bytes).digest() : national_digests[algorithm]!(bytes);
}

export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
