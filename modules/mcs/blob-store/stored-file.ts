import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { BlobStoreError } from './blob-store.ts';

/**
 * One object is one file, so that one rename publishes bytes and description together:
 * the bytes, the description as JSON, its length as 32 bits, and four letters that say it is whole.
 */
export type Description = {
  bucket: string;
  key: string;
  size: number;
  sha256: string;
  content_type: string;
  metadata: Record<string, string>;
};

const seal = Buffer.from('ZBS1');
const footer_length = 8;
const tail_guess = 4096;
const batch_bytes = 1 << 20;
const flush_bytes = 64 << 20;

export type Received = { sha256: string; size: number };

/**
 * Writes a stream to a file while the next bytes arrive and are hashed; at most two batches are in memory. The disk
 * is set to work every 64 MB, so that the wait for durability at the end is short.
 * Errors: `too_large` as soon as the limit is passed.
 */
export async function receive(
  file: FileHandle,
  source: AsyncIterable<Uint8Array>,
  max_bytes: number,
): Promise<Received> {
  const digest = createHash('sha256');
  const writer = writeBehind(file);
  let size = 0;
  try {
    for await (const chunk of source) {
      size += chunk.length;
      if (size > max_bytes) throw new BlobStoreError('too_large', `The object is larger than ${max_bytes} bytes`);
      digest.update(chunk);
      await writer.add(chunk);
    }
  } finally {
    await writer.finish();
  }
  return { sha256: digest.digest('hex'), size };
}

/** Every failure of a write or flush surfaces in a later `add` or in `finish`: an error of fsync(2) is told only once. */
function writeBehind(file: FileHandle) {
  let [batch, batched, unflushed] = [[] as Uint8Array[], 0, 0];
  let [writing, flushing, is_flushing] = [Promise.resolve(), Promise.resolve(), false];
  const writeBatch = async () => {
    await writing;
    writing = quietly(writeAll(file, batch, batched));
    [batch, batched, unflushed] = [[], 0, unflushed + batched];
  };
  const flush = () => {
    [unflushed, is_flushing] = [0, true];
    const done = flushing
      .then(() => file.datasync())
      .finally(() => {
        is_flushing = false;
      });
    flushing = quietly(done);
  };
  return {
    add: async (chunk: Uint8Array) => {
      batch.push(chunk);
      batched += chunk.length;
      if (batched >= batch_bytes) await writeBatch();
      if (unflushed >= flush_bytes && !is_flushing) flush();
    },
    finish: async () => {
      if (batched > 0) await writeBatch();
      await Promise.all([writing, flushing]);
    },
  };
}

/** Keeps a rejection that is awaited later from counting as unhandled now. */
function quietly(work: Promise<void>): Promise<void> {
  work.catch(() => undefined);
  return work;
}

/** Appends the description; the caller makes the file durable and gives it its name. */
export async function describe(file: FileHandle, description: Description): Promise<void> {
  const footer = footerOf(description);
  await writeAll(file, [footer], footer.length);
}

/** What stands behind the bytes of a whole file. */
export function footerOf(description: Description): Buffer {
  const json = Buffer.from(JSON.stringify(description));
  const footer = Buffer.alloc(json.length + footer_length);
  json.copy(footer);
  footer.writeUInt32BE(json.length, json.length);
  seal.copy(footer, json.length + 4);
  return footer;
}

/** Reads the description back; a file that is not whole is an operator's matter, not a missing object. */
export async function readDescription(file: FileHandle): Promise<Description & { modified_at: string }> {
  const { size: length, mtime } = await file.stat();
  const tail = await readAt(file, Math.max(0, length - tail_guess), Math.min(length, tail_guess));
  const footer = tail.subarray(-footer_length);
  if (footer.length < footer_length || !footer.subarray(4).equals(seal)) throw damaged();
  const json_length = footer.readUInt32BE(0);
  const start = length - footer_length - json_length;
  if (start < 0) throw damaged();
  const fits = json_length + footer_length <= tail.length;
  const json = fits
    ? tail.subarray(tail.length - footer_length - json_length, -footer_length)
    : await readAt(file, start, json_length);
  const description = parseDescription(json);
  if (description.size !== start) throw damaged();
  return { ...description, modified_at: mtime.toISOString() };
}

function parseDescription(json: Buffer): Description {
  try {
    return JSON.parse(json.toString('utf8')) as Description;
  } catch (cause) {
    throw damaged(cause);
  }
}

async function writeAll(file: FileHandle, buffers: Uint8Array[], length: number): Promise<void> {
  const { bytesWritten } = await file.writev(buffers);
  if (bytesWritten === length) return;
  const rest = Buffer.concat(buffers).subarray(bytesWritten);
  if (bytesWritten === 0) throw new BlobStoreError('unavailable', 'The disk takes no more bytes');
  await writeAll(file, [rest], rest.length);
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

function damaged(cause?: unknown): BlobStoreError {
  return new BlobStoreError('damaged', 'A stored file is damaged: its description is missing or does not fit', {
    cause,
  });
}
