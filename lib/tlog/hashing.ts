import { hash } from 'node:crypto';
import { TlogError } from './errors.ts';

/** Bytes in a SHA-256 hash. */
export const HASH_BYTES = 32;

/** Root of the tree without leaves: the hash of the empty string (RFC 6962 §2.1). */
export const EMPTY_ROOT: Uint8Array = sha256(new Uint8Array(0));

/** SHA-256 of bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(hash('sha256', bytes, 'buffer'));
}

/** Hash of a leaf: SHA-256(0x00 ‖ entry) (RFC 6962 §2.1). */
export function hashLeaf(entry: Uint8Array): Uint8Array {
  const message = new Uint8Array(1 + entry.length);
  message.set(entry, 1);
  return sha256(message);
}

const node_message = new Uint8Array(1 + 2 * HASH_BYTES);
node_message[0] = 0x01;

/** Hash of an inner node: SHA-256(0x01 ‖ left ‖ right) (RFC 6962 §2.1). Throws `hash_invalid`. */
export function hashNode(left: Uint8Array, right: Uint8Array): Uint8Array {
  assertHash(left);
  assertHash(right);
  node_message.set(left, 1);
  node_message.set(right, 1 + HASH_BYTES);
  return sha256(node_message);
}

/** Throws `hash_invalid` unless the bytes are as long as a hash. */
export function assertHash(bytes: Uint8Array): void {
  if (bytes.length !== HASH_BYTES) throw new TlogError('hash_invalid', `${bytes.length} bytes`);
}
