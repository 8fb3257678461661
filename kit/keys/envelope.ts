import { createCipheriv, createDecipheriv, createSecretKey, KeyObject } from 'node:crypto';
import { KeyError } from './provider.ts';
import { fewRandomBytes } from './random.ts';

const nonce_bytes = 12;
const tag_bytes = 16;

/** AES-256-GCM with a random nonce (NIST SP 800-38D): nonce ‖ ciphertext ‖ tag, bound to `associated`. */
export function sealEnvelope(key: Uint8Array | KeyObject, plaintext: Uint8Array, associated: Uint8Array): Buffer {
  const nonce = fewRandomBytes(nonce_bytes);
  const cipher = createCipheriv('aes-256-gcm', keyObject(key), nonce);
  cipher.setAAD(associated);
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** @throws KeyError `key_refused` when key, bytes or `associated` differ from what was sealed. */
export function openEnvelope(key: Uint8Array | KeyObject, sealed: Uint8Array, associated: Uint8Array): Buffer {
  try {
    if (sealed.length < nonce_bytes + tag_bytes) throw new RangeError('shorter than a nonce and a tag');
    const decipher = createDecipheriv('aes-256-gcm', keyObject(key), sealed.subarray(0, nonce_bytes));
    decipher.setAAD(associated);
    decipher.setAuthTag(sealed.subarray(sealed.length - tag_bytes));
    const body = sealed.subarray(nonce_bytes, sealed.length - tag_bytes);
    const plaintext = decipher.update(body);
    // Gives nothing more in this mode; it throws when the tag is not that of the plaintext.
    decipher.final();
    return plaintext;
  } catch (cause) {
    throw new KeyError(
      'key_refused',
      'A ciphertext does not open under its key.',
      'Either the bytes were altered or they belong to another owner; compare with a backup.',
      cause,
    );
  }
}

/** A KeyObject begins in a third of the time that raw bytes take; to make one takes as long as to open a small envelope. */
function keyObject(key: Uint8Array | KeyObject): KeyObject {
  return key instanceof KeyObject ? key : createSecretKey(key);
}
