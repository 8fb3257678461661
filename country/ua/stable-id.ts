import { createHash } from 'node:crypto';

/**
 * A UUID of version 4's shape that is always the same for the same text: the first 16 bytes of its SHA-256 with the version
 * and variant bits set. Clients check the version digit, so that version 5 would be refused (domain.md, Corrections).
 */
export function stableId(text: string): string {
  const bytes = createHash('sha256').update(text, 'utf8').digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
