import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { crc32 } from 'node:zlib';
import { invalidRequest, Refusal } from './refusals.ts';

/** Takes what passes, and says at the end what its checksum is, in Base64 as S3 writes it. */
type Digest = { update(chunk: Uint8Array): void; base64(): string };

const digests: Record<string, () => Digest> = {
  'x-amz-checksum-crc32': () => {
    let value = 0;
    const bytes = Buffer.alloc(4);
    return {
      update: (chunk) => {
        value = crc32(chunk, value);
      },
      base64: () => {
        bytes.writeUInt32BE(value);
        return bytes.toString('base64');
      },
    };
  },
  'x-amz-checksum-sha256': () => {
    const hash = createHash('sha256');
    return { update: (chunk) => void hash.update(chunk), base64: () => hash.digest('base64') };
  },
};

/**
 * Checks the checksums that S3's clients add to an upload (`x-amz-checksum-crc32` by default since 2025, or `-sha256`)
 * while it passes. Errors, before the last byte is given out: `BadDigest`.
 */
export function checked(source: AsyncIterable<Uint8Array>, headers: IncomingHttpHeaders): AsyncIterable<Uint8Array> {
  const announced = Object.keys(digests).filter((name) => headers[name] !== undefined);
  if (announced.length === 0) return source;
  if (announced.length > 1) throw invalidRequest('One checksum only');
  const [name] = announced;
  return checkedAgainst(source, digests[name!]!(), String(headers[name!]));
}

async function* checkedAgainst(
  source: AsyncIterable<Uint8Array>,
  digest: Digest,
  expected: string,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    digest.update(chunk);
    yield chunk;
  }
  if (digest.base64() !== expected) throw new Refusal(400, 'BadDigest', 'The bytes do not have the announced checksum');
}
