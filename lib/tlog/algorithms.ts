import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { concatBytes } from './bytes.ts';
import { SIGNATURE_TYPES, type SignatureType } from './signature-types.ts';

/** What differs between signature algorithms: lengths in bytes, and the fixed DER around raw keys. */
export type Algorithm = {
  public_key_bytes: number;
  signature_bytes: number;
  /** SubjectPublicKeyInfo up to the raw public key. */
  spki_prefix: Uint8Array;
  /** PrivateKeyInfo up to the 32-byte seed. */
  pkcs8_prefix: Uint8Array;
};

/** Bytes in the seed from which a private key of either algorithm is made (RFC 8032 §5.1.5, FIPS 204 §5.1). */
export const SEED_BYTES = 32;

/** RFC 8410. */
const ED25519: Algorithm = {
  public_key_bytes: 32,
  signature_bytes: 64,
  spki_prefix: Buffer.from('302a300506032b6570032100', 'hex'),
  pkcs8_prefix: Buffer.from('302e020100300506032b657004220420', 'hex'),
};

/** RFC 9881, the private key in its seed-only form. */
const ML_DSA_44: Algorithm = {
  public_key_bytes: 1312,
  signature_bytes: 2420,
  spki_prefix: Buffer.from('30820532300b06096086480165030403110382052100', 'hex'),
  pkcs8_prefix: Buffer.from('3034020100300b060960864801650304031104228020', 'hex'),
};

const ALGORITHMS: Record<SignatureType, Algorithm> = {
  [SIGNATURE_TYPES.ed25519]: ED25519,
  [SIGNATURE_TYPES.ed25519_cosignature]: ED25519,
  [SIGNATURE_TYPES.ml_dsa_44_cosignature]: ML_DSA_44,
};

/** The algorithm of a type byte, or nothing when the type is not supported. */
export function findAlgorithm(type: number): Algorithm | undefined {
  return (ALGORITHMS as Record<number, Algorithm | undefined>)[type];
}

/** A public key for node:crypto out of its raw bytes. */
export function importPublicKey(algorithm: Algorithm, public_key: Uint8Array): KeyObject {
  const key = Buffer.from(concatBytes(algorithm.spki_prefix, public_key));
  return createPublicKey({ key, format: 'der', type: 'spki' });
}

/** A private key for node:crypto out of its seed. */
export function importSeed(algorithm: Algorithm, seed: Uint8Array): KeyObject {
  const key = Buffer.from(concatBytes(algorithm.pkcs8_prefix, seed));
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

/** The raw public key that belongs to a private key. */
export function rawPublicKey(algorithm: Algorithm, private_key: KeyObject): Uint8Array {
  const der = createPublicKey(private_key).export({ format: 'der', type: 'spki' });
  return new Uint8Array(der.subarray(algorithm.spki_prefix.length));
}

/** A signature over the message, by the algorithm that the key belongs to. */
export function signMessage(private_key: KeyObject, message: Uint8Array): Uint8Array {
  return new Uint8Array(sign(null, message, private_key));
}

/** Whether the signature over the message is the key's. */
export function verifyMessage(public_key: KeyObject, message: Uint8Array, signature: Uint8Array): boolean {
  return verify(null, message, public_key, signature);
}
