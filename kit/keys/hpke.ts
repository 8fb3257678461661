import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';

// HPKE (RFC 9180), base mode, one message a time: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, which are the suite
// of the vectors in its appendix A.1. Whoever holds the public key seals; only the private key opens.

const key_bytes = 32;
const tag_bytes = 16;
const kem = Buffer.from('KEM\x00\x20', 'latin1');
const suite = Buffer.from('HPKE\x00\x20\x00\x01\x00\x01', 'latin1');
const nothing = Buffer.alloc(0);

/** What a message is bound to besides its recipient (RFC 9180 §8.1). */
export type Binding = { info: Uint8Array; associated: Uint8Array };

/** @returns the encapsulated key, then the ciphertext. @throws for a key that is no point of the curve. */
export function sealTo(public_key: Uint8Array, plaintext: Uint8Array, { info, associated }: Binding): Buffer {
  const ephemeral = generateKeyPairSync('x25519');
  const encapsulated = rawPublic(ephemeral.publicKey);
  const dh = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: publicKey(public_key) });
  const { key, nonce } = schedule(sharedSecret(dh, encapsulated, public_key), info);
  const cipher = createCipheriv('aes-128-gcm', key, nonce);
  cipher.setAAD(associated);
  return Buffer.concat([encapsulated, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** @throws when key, bytes or binding are not those of the sealing. */
export function openSealed(private_key: Uint8Array, sealed: Uint8Array, { info, associated }: Binding): Buffer {
  if (sealed.length < key_bytes + tag_bytes) throw new RangeError('shorter than an encapsulated key and a tag');
  const encapsulated = sealed.subarray(0, key_bytes);
  const own = privateKey(private_key);
  const dh = diffieHellman({ privateKey: own, publicKey: publicKey(encapsulated) });
  const { key, nonce } = schedule(sharedSecret(dh, encapsulated, rawPublic(createPublicKey(own))), info);
  const decipher = createDecipheriv('aes-128-gcm', key, nonce);
  decipher.setAAD(associated);
  decipher.setAuthTag(sealed.subarray(sealed.length - tag_bytes));
  return Buffer.concat([decipher.update(sealed.subarray(key_bytes, sealed.length - tag_bytes)), decipher.final()]);
}

export function publicKeyOf(private_key: Uint8Array): Buffer {
  return rawPublic(createPublicKey(privateKey(private_key)));
}

/** RFC 9180 §4.1, ExtractAndExpand. */
function sharedSecret(dh: Uint8Array, encapsulated: Uint8Array, recipient: Uint8Array): Buffer {
  const context = Buffer.concat([encapsulated, recipient]);
  return expand(kem, extract(kem, nothing, 'eae_prk', dh), { label: 'shared_secret', info: context, length: 32 });
}

/** RFC 9180 §5.1 without a pre-shared key; the first message's nonce is the base nonce. */
function schedule(shared_secret: Uint8Array, info: Uint8Array): { key: Buffer; nonce: Buffer } {
  const mode_base = Buffer.from([0]);
  const hashes = [extract(suite, nothing, 'psk_id_hash', nothing), extract(suite, nothing, 'info_hash', info)];
  const context = Buffer.concat([mode_base, ...hashes]);
  const secret = extract(suite, shared_secret, 'secret', nothing);
  return {
    key: expand(suite, secret, { label: 'key', info: context, length: 16 }),
    nonce: expand(suite, secret, { label: 'base_nonce', info: context, length: 12 }),
  };
}

/** LabeledExtract of RFC 9180 §4. */
function extract(suite_id: Uint8Array, salt: Uint8Array, label: string, input: Uint8Array): Buffer {
  return createHmac('sha256', salt).update('HPKE-v1').update(suite_id).update(label).update(input).digest();
}

/** LabeledExpand of RFC 9180 §4, for lengths of one hash at most. */
function expand(
  suite_id: Uint8Array,
  secret: Uint8Array,
  { label, info, length }: { label: string; info: Uint8Array; length: number },
): Buffer {
  const hmac = createHmac('sha256', secret)
    .update(Buffer.from([0, length]))
    .update('HPKE-v1')
    .update(suite_id);
  return hmac
    .update(label)
    .update(info)
    .update(Buffer.from([1]))
    .digest()
    .subarray(0, length);
}

// Node takes raw keys of X25519 in DER only (RFC 8410).
const pkcs8 = Buffer.from('302e020100300506032b656e04220420', 'hex');
const spki = Buffer.from('302a300506032b656e032100', 'hex');

function privateKey(raw: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([pkcs8, raw]), format: 'der', type: 'pkcs8' });
}

function publicKey(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([spki, raw]), format: 'der', type: 'spki' });
}

function rawPublic(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(spki.length);
}
