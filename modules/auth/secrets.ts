import { createHash, createHmac, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** 32 letters and digits, about 190 random bits: the shape that `/admin/tokens/:value/verify` expects. */
export function newSecretText(): string {
  let text = '';
  while (text.length < 32) {
    // Bytes of 248 and more are dropped, so that every character is equally likely.
    for (const byte of randomBytes(48)) if (byte < 248 && text.length < 32) text += alphabet[byte % 62];
  }
  return text;
}

/** What is stored of a long random value: it cannot be guessed, so a plain hash keeps it secret. */
export function hashSecret(value: string): Buffer {
  return createHash('sha256').update(value).digest();
}

/** Equality that takes the same time wherever the difference is. */
export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}

/** A code of `digits` digits that never starts with 0, so that it survives being read as a number. */
export function newOtpCode(digits: number): string {
  return String(randomInt(10 ** (digits - 1), 10 ** digits));
}

/** A keyed hash of something short enough to be guessed: a code, a phone, an e-mail. `purpose` keeps kinds apart. */
export function keyedHash(key: Uint8Array, purpose: string, value: string): Buffer {
  return createHmac('sha256', key).update(`${purpose}\u0000${value}`).digest();
}
