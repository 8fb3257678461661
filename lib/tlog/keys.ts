import { type KeyObject, randomBytes } from 'node:crypto';
import {
  type Algorithm,
  findAlgorithm,
  importPublicKey,
  importSeed,
  rawPublicKey,
  SEED_BYTES,
  signMessage,
} from './algorithms.ts';
import { concatBytes, decodeBase64, encodeBase64, encodeUtf8, withCode } from './bytes.ts';
import { TlogError } from './errors.ts';
import { sha256 } from './hashing.ts';
import type { SignatureType } from './signature-types.ts';

/** A public key that is trusted under a name: what a vkey string says (c2sp.org/signed-note, Verifier keys). */
export type VerifierKey = {
  readonly name: string;
  /** First four bytes of the key's hash, as a number: an identifier, no proof of anything. */
  readonly id: number;
  readonly type: SignatureType;
  readonly public_key: Uint8Array;
  readonly key_object: KeyObject;
};

/** Something that signs under a verifier key: a key in memory, or one in a device that never gives it away. */
export type Signer = {
  readonly key: VerifierKey;
  /** The bare signature of the algorithm over exactly this message. */
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>;
};

const MAX_KEY_CHARACTERS = 8192;
const MAX_NAME_BYTES = 255;

/** Whether a text may name a key: not empty, no Unicode space, no plus, no control character, at most 255 bytes. */
export function isKeyName(name: string): boolean {
  if (/[\p{White_Space}\p{Cc}+]/u.test(name) || !name.isWellFormed()) return false;
  const { length } = encodeUtf8(name);
  return length > 0 && length <= MAX_NAME_BYTES;
}

/** A verifier key out of its raw parts. Throws `key_malformed` or `key_unsupported`. */
export function createVerifierKey({
  name,
  type,
  public_key,
}: Pick<VerifierKey, 'name' | 'type' | 'public_key'>): VerifierKey {
  const algorithm = getAlgorithm(type);
  if (!isKeyName(name)) throw new TlogError('key_malformed', 'name');
  if (public_key.length !== algorithm.public_key_bytes)
    throw new TlogError('key_malformed', 'length of the public key');
  const key_object = importPublicKey(algorithm, public_key);
  return { name, id: keyId(name, type, public_key), type, public_key, key_object };
}

/** Reads a vkey: `name+hex(id)+base64(type ‖ public key)`. Throws `key_malformed` or `key_unsupported`. */
export function parseVerifierKey(vkey: string): VerifierKey {
  if (vkey.length > MAX_KEY_CHARACTERS) throw new TlogError('key_malformed', 'too long');
  const parts = vkey.split('+');
  const [name, id] = parts;
  if (name === undefined || id === undefined || parts.length < 3)
    throw new TlogError('key_malformed', 'three parts expected');
  const key = readKeyMaterial(name, parts.slice(2).join('+'));
  if (formatId(key.id) !== id) throw new TlogError('key_malformed', `id ${formatId(key.id)} expected`);
  return key;
}

/** The vkey string of a key. */
export function formatVerifierKey({ name, id, type, public_key }: VerifierKey): string {
  return `${name}+${formatId(id)}+${encodeBase64(concatBytes(new Uint8Array([type]), public_key))}`;
}

/** A signer whose private key is made of a seed of 32 bytes. Throws `key_malformed` or `key_unsupported`. */
export function createSigner({ name, type, seed }: { name: string; type: SignatureType; seed: Uint8Array }): Signer {
  const algorithm = getAlgorithm(type);
  if (seed.length !== SEED_BYTES) throw new TlogError('key_malformed', 'length of the seed');
  const private_key = importSeed(algorithm, seed);
  const key = createVerifierKey({ name, type, public_key: rawPublicKey(algorithm, private_key) });
  return { key, sign: (message) => signMessage(private_key, message) };
}

/** A fresh signer key as the text that `parseSigner` reads. Secret. */
export function generateSignerKey({ name, type }: { name: string; type: SignatureType }): string {
  const seed = new Uint8Array(randomBytes(SEED_BYTES));
  const { key } = createSigner({ name, type, seed });
  return `PRIVATE+KEY+${name}+${formatId(key.id)}+${encodeBase64(concatBytes(new Uint8Array([type]), seed))}`;
}

/** Reads a signer key: `PRIVATE+KEY+name+hex(id)+base64(type ‖ seed)`. Errors never quote the text. Throws `key_malformed` or `key_unsupported`. */
export function parseSigner(skey: string): Signer {
  const parts = skey.length > MAX_KEY_CHARACTERS ? [] : skey.split('+');
  const [word, kind, name, id] = parts;
  if (word !== 'PRIVATE' || kind !== 'KEY' || name === undefined || parts.length < 5) {
    throw new TlogError('key_malformed', 'five parts expected');
  }
  const material = withCode('key_malformed', () => decodeBase64(parts.slice(4).join('+')));
  const signer = createSigner({ name, type: material[0] as SignatureType, seed: material.slice(1) });
  if (formatId(signer.key.id) !== id) throw new TlogError('key_malformed', 'id does not belong to the key');
  return signer;
}

function readKeyMaterial(name: string, base64: string): VerifierKey {
  const material = withCode('key_malformed', () => decodeBase64(base64));
  return createVerifierKey({ name, type: material[0] as SignatureType, public_key: material.slice(1) });
}

function getAlgorithm(type: number): Algorithm {
  const algorithm = findAlgorithm(type);
  if (algorithm === undefined) throw new TlogError('key_unsupported', `type ${type}`);
  return algorithm;
}

/** SHA-256(name ‖ newline ‖ type ‖ public key), the first four bytes (c2sp.org/signed-note, Signatures). */
function keyId(name: string, type: number, public_key: Uint8Array): number {
  const digest = sha256(concatBytes(encodeUtf8(`${name}\n`), new Uint8Array([type]), public_key));
  return new DataView(digest.buffer).getUint32(0);
}

function formatId(id: number): string {
  return id.toString(16).padStart(8, '0');
}
