import { createHash, randomBytes } from 'node:crypto';

/** Something that whoever holds it may use once: only its hash is kept, 256 random bits in base64url. */
export function newOneUse(): { token: string; hash: Buffer } {
  const token = randomBytes(32).toString('base64url');
  return { token, hash: hashOf(token) };
}

export function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
