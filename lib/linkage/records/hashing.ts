import { hash } from 'node:crypto';
import type { FieldType, Tokens } from '../fields/field-type.ts';

/** Hash of one part of a value to a 32-bit integer other than 0. */
export type PartHash = (domain: string, part: string, text: string) => number;

/** Unkeyed hash for values that are present in plain anyway (FNV-1a with a final mix). */
export function plainHash(domain: string, part: string, text: string): number {
  let hash = 0x811c9dc5;
  hash = absorb(hash, domain);
  hash = absorb(hash, part);
  hash = absorb(hash, text);
  return mix32(hash) || 1;
}

const BLOCK = 64;
const DIGEST = 32;
const LONGEST_TEXT = 8192;

/**
 * HMAC-SHA-256 (RFC 2104) under `key`, its first 32 bits as a little-endian integer: without the key neither values nor their likeness can be
 * tried out. Made of two one-shot hashes over reused buffers, because an HMAC object costs ten times the hashing of so short a text.
 */
export function keyedHash(key: Uint8Array): PartHash {
  const padded = Buffer.alloc(BLOCK);
  padded.set(key.length > BLOCK ? hash('sha256', key, 'buffer') : key);
  const inner = Buffer.alloc(BLOCK + LONGEST_TEXT);
  const outer = Buffer.alloc(BLOCK + DIGEST);
  for (let i = 0; i < BLOCK; i++) {
    inner[i] = padded[i]! ^ 0x36;
    outer[i] = padded[i]! ^ 0x5c;
  }
  return (domain, part, text) => {
    const message = `${domain}\u0000${part}\u0000${text}`;
    if (message.length * 3 > LONGEST_TEXT)
      throw new RangeError(`a part of ${message.length} characters is too long to hash`);
    const length = inner.write(message, BLOCK);
    outer.set(hash('sha256', inner.subarray(0, BLOCK + length), 'buffer'), BLOCK);
    return hash('sha256', outer, 'buffer').readInt32LE(0) || 1;
  };
}

/** All hashed parts of a normalised value, laid out as `Tokens` describes. */
export function tokensOf(type: FieldType, value: string, hashPart: PartHash): Tokens {
  const { singles, near, loose } = type.parts(value);
  const domain = domainOf(type);
  const shared = new Set<number>();
  for (const text of near) shared.add(hashPart(domain, 'near', text) & ~1 || 2);
  for (const text of loose) shared.add(hashPart(domain, 'loose', text) | 1);
  const tokens = new Int32Array(1 + singles.length + shared.size);
  tokens[0] = hashPart(domain, 'value', value);
  singles.forEach((text, slot) => {
    tokens[slot + 1] = text === null || text === '' ? 0 : hashPart(domain, slotPart(type, slot), text);
  });
  tokens.set(Int32Array.from(shared).sort(), 1 + singles.length);
  return tokens;
}

/** One token of a value without making the others: −1 is the value itself; 0 when the value has no such part. */
export function slotToken(
  type: FieldType,
  value: string,
  { slot, hash: hashPart }: { slot: number; hash: PartHash },
): number {
  if (slot < 0) return hashPart(domainOf(type), 'value', value);
  const text = type.parts(value).singles[slot];
  return text === null || text === undefined || text === '' ? 0 : hashPart(domainOf(type), slotPart(type, slot), text);
}

/** Scrambles 32 bits so that every input bit reaches every output bit (finaliser of MurmurHash3). */
export function mix32(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** Names of all kinds hash alike, so that swapped first and last names can be recognised. */
function domainOf(type: FieldType): string {
  return type.name === 'given_name' || type.name === 'surname' ? 'name' : type.name;
}

function slotPart(type: FieldType, slot: number): string {
  // An initial or a swapped date is compared with whole values, so it hashes as one.
  const part = type.slots[slot]!;
  return part === 'initial' || part === 'swapped' ? 'value' : part;
}

function absorb(start: number, text: string): number {
  let hash = start;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return Math.imul(hash ^ 0xff, 0x01000193);
}
