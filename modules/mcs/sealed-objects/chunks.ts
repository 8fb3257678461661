import { createCipheriv, createDecipheriv } from 'node:crypto';
import { chunk_bytes, chunkCount, SealError, type SealHeader, tag_bytes } from './header.ts';

/**
 * AES-256-GCM in chunks by the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár, CRYPTO 2015): each nonce is
 * the object's prefix, the chunk's number and whether it is the last, so that chunks cannot be dropped, doubled,
 * reordered or cut off; the header is associated data of each. A key must serve one object only.
 */
export async function* sealChunks(
  source: AsyncIterable<Uint8Array>,
  { key, header }: { key: Uint8Array; header: SealHeader },
): AsyncGenerator<Buffer> {
  yield header.bytes;
  let index = 0;
  for await (const { block, is_last } of blocksOf(source, chunk_bytes)) {
    yield Buffer.concat(sealChunk(block, { key, header, nonce: nonceOf(header, index, is_last) }));
    index += 1;
  }
}

/** The same of bytes that are whole in memory. */
export function sealAtOnce(bytes: Uint8Array, { key, header }: { key: Uint8Array; header: SealHeader }): Buffer {
  const count = chunkCount(bytes.length);
  const chunks = Array.from({ length: count }, (_, index) => {
    const block = bytes.subarray(index * chunk_bytes, (index + 1) * chunk_bytes);
    return sealChunk(block, { key, header, nonce: nonceOf(header, index, index === count - 1) });
  });
  return Buffer.concat([header.bytes, ...chunks.flat()]);
}

type ChunkContext = { key: Uint8Array; header: SealHeader; nonce: Buffer };

function sealChunk(block: Uint8Array, { key, header, nonce }: ChunkContext): Buffer[] {
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(header.associated);
  return [cipher.update(block), cipher.final(), cipher.getAuthTag()];
}

/** Which chunks `source` holds: from `first`, and the number of the object's last one. */
export type ChunkSpan = { first: number; last: number; last_of_object: number };

/** Opens consecutive chunks; nothing of a chunk is given out before it is proven. Errors: `refused`, `truncated`. */
export async function* openChunks(
  source: AsyncIterable<Uint8Array>,
  { key, header, span }: { key: Uint8Array; header: SealHeader; span: ChunkSpan },
): AsyncGenerator<Buffer> {
  let index = span.first;
  for await (const { block } of blocksOf(source, chunk_bytes + tag_bytes)) {
    if (index > span.last) throw new SealError('refused', 'The sealed object goes on after its end');
    yield openChunk(block, { key, header, nonce: nonceOf(header, index, index === span.last_of_object) });
    index += 1;
  }
  if (index <= span.last) throw new SealError('truncated', 'The sealed object ends before its last chunk');
}

function openChunk(block: Buffer, context: ChunkContext): Buffer {
  if (block.length < tag_bytes) throw new SealError('truncated', 'A chunk is shorter than its proof');
  try {
    const decipher = createDecipheriv('aes-256-gcm', context.key, context.nonce);
    decipher.setAAD(context.header.associated);
    decipher.setAuthTag(block.subarray(-tag_bytes));
    return Buffer.concat([decipher.update(block.subarray(0, -tag_bytes)), decipher.final()]);
  } catch (cause) {
    throw new SealError('refused', 'A chunk is not what was sealed under this key', { cause });
  }
}

function nonceOf(header: SealHeader, index: number, is_last: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  header.nonce_prefix.copy(nonce, 0);
  nonce.writeUInt32BE(index, 7);
  nonce.writeUInt8(is_last ? 1 : 0, 11);
  return nonce;
}

/** Cuts a stream into blocks of one size, the last one shorter or full; an empty stream is one empty block. */
async function* blocksOf(
  source: AsyncIterable<Uint8Array>,
  block_bytes: number,
): AsyncGenerator<{ block: Buffer; is_last: boolean }> {
  let [parts, length] = [[] as Uint8Array[], 0];
  for await (const part of source) {
    parts.push(part);
    length += part.length;
    if (length <= block_bytes) continue;
    const whole = Buffer.concat(parts);
    let at = 0;
    // A full block is held back until a byte follows it: only then is it known not to be the last.
    for (; length - at > block_bytes; at += block_bytes) {
      yield { block: whole.subarray(at, at + block_bytes), is_last: false };
    }
    [parts, length] = [[whole.subarray(at)], length - at];
  }
  yield { block: Buffer.concat(parts), is_last: true };
}
