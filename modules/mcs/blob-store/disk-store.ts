import { hash, randomUUID } from 'node:crypto';
import { type FileHandle, link, mkdir, open, opendir, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import {
  assertBlobAddress,
  assertBucket,
  type BlobAddress,
  type BlobHead,
  BlobStoreError,
  type ByteRange,
  type ListedBlob,
} from './blob-store.ts';
import { createSmallFiles, type SmallFiles } from './small-files.ts';
import { type Description, describe, type Received, readDescription, receive } from './stored-file.ts';

export type DiskWrite = BlobAddress & {
  /** A stream, or bytes that are whole in memory. */
  source: AsyncIterable<Uint8Array> | Uint8Array;
  content_type: string;
  metadata: Record<string, string>;
  if_absent: boolean;
  max_bytes: number;
  expected_sha256?: string;
  expected_size?: number;
};

export type DiskHead = BlobHead & { sha256: string };
export type DiskRead = DiskHead & { body: Readable };
export type DiskStore = ReturnType<typeof openDiskStore>;

const read_chunk_bytes = 256 * 1024;
/** What is whole in memory and not larger is written by the thread for small files. */
const largest_small = 1 << 20;
const abandoned_after_ms = 24 * 3600 * 1000;

/**
 * Objects as files under one directory. Keys become hashes, so no key can name a path; an object appears whole or not
 * at all (written apart, made durable, then renamed, or linked when it must be the first).
 * Errors: `invalid_address`, `already_exists`, `sha256_mismatch`, `size_mismatch`, `too_large`, `not_found`.
 */
export function openDiskStore({ directory }: { directory: string }) {
  const incoming = join(directory, '.incoming');
  const small_files = createSmallFiles();
  const place = (address: BlobAddress) => placeOf(directory, address);
  return {
    write: async (input: DiskWrite) => {
      const { source } = input;
      const target = { incoming, ...place(input) };
      if (!(source instanceof Uint8Array)) return writeStream(target, { ...input, source });
      if (source.length > largest_small) return writeStream(target, { ...input, source: Readable.from([source]) });
      return writeSmall(small_files, target, { ...input, source });
    },
    head: async (address: BlobAddress): Promise<DiskHead | undefined> => {
      const file = await openIfThere(place(address).path);
      return file && headOf(file).finally(() => file.close());
    },
    read: async (address: BlobAddress, choose: ChooseRange = () => undefined) => read(place(address).path, choose),
    remove: async (address: BlobAddress) => unlinkIfThere(place(address).path),
    list: ({ bucket, prefix = '' }: { bucket: string; prefix?: string }) => list(directory, bucket, prefix),
    sweep: (before_ms = Date.now() - abandoned_after_ms) => sweep(incoming, before_ms),
    close: small_files.close,
  };
}

/** Called with the size before any byte is read; answers the part wanted, or throws `range_not_satisfiable`. */
export type ChooseRange = (head: DiskHead) => ByteRange | undefined;

type Place = { shard: string; path: string };

function placeOf(directory: string, address: BlobAddress): Place {
  assertBlobAddress(address);
  const name = hash('sha256', address.key);
  const shard = join(directory, address.bucket, name.slice(0, 2));
  return { shard, path: join(shard, name) };
}

type Target = Place & { incoming: string };

async function writeSmall(
  { write }: SmallFiles,
  { incoming, shard, path }: Target,
  { source: bytes, bucket, key, content_type, metadata, ...input }: DiskWrite & { source: Uint8Array },
): Promise<Received> {
  assertSize(bytes.length, input);
  const { if_absent, expected_sha256 } = input;
  const outcome = await write({
    draft: join(incoming, randomUUID()),
    ...{ shard, path, if_absent, bytes, expected_sha256 },
    description: { bucket, key, content_type, metadata },
  });
  if ('sha256' in outcome) return { sha256: outcome.sha256, size: bytes.length };
  const { code, message } = outcome;
  if (if_absent && code === 'EEXIST') throw alreadyExists();
  if (code === 'sha256_mismatch') throw new BlobStoreError(code, message);
  throw Object.assign(new Error(message), { code });
}

type StreamWrite = DiskWrite & { source: AsyncIterable<Uint8Array> };

async function writeStream(place: Target, input: StreamWrite): Promise<Received> {
  if (input.if_absent && isWorthALook(input) && (await isThere(place.path))) throw alreadyExists();
  const draft = join(place.incoming, randomUUID());
  try {
    const received = await writeDraft(draft, input);
    await publish(draft, place, input.if_absent);
    return received;
  } finally {
    await unlinkIfThere(draft);
  }
}

/** Writing a small object for nothing costs less than a look each time; `publish` finds out as well. */
function isWorthALook({ expected_size }: DiskWrite): boolean {
  return expected_size === undefined || expected_size > 1 << 20;
}

/** Works in a directory that is nearly always there; makes it when it turns out not to be. */
async function inDirectory<Result>(
  directory: string,
  make: (directory: string) => Promise<unknown>,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
    await make(directory);
    return work();
  }
}

async function writeDraft(draft: string, input: StreamWrite): Promise<Received> {
  const incoming = dirname(draft);
  const file = await inDirectory(incoming, makeDirectory, () => open(draft, 'wx', 0o600));
  try {
    const received = await receive(file, input.source, input.max_bytes);
    assertAsAnnounced(received, input);
    const { bucket, key, content_type, metadata } = input;
    await describe(file, { bucket, key, content_type, metadata, ...received } satisfies Description);
    await file.datasync();
    return received;
  } finally {
    await file.close();
  }
}

function assertAsAnnounced({ sha256, size }: Received, input: DiskWrite): void {
  assertSize(size, input);
  if (input.expected_sha256 !== undefined && input.expected_sha256 !== sha256) {
    throw new BlobStoreError('sha256_mismatch', 'The bytes do not have the announced SHA-256');
  }
}

function assertSize(size: number, { expected_size, max_bytes }: Pick<DiskWrite, 'expected_size' | 'max_bytes'>): void {
  if (size > max_bytes) throw new BlobStoreError('too_large', `The object is larger than ${max_bytes} bytes`);
  if (expected_size !== undefined && expected_size !== size)
    throw new BlobStoreError('size_mismatch', `Announced ${expected_size} bytes, received ${size}`);
}

/** link(2) fails when the name is taken, which makes it the atomic "first write only"; rename(2) replaces. */
async function publish(draft: string, { shard, path }: Place, if_absent: boolean): Promise<void> {
  await inDirectory(shard, ensureDurableDirectory, () => (if_absent ? link(draft, path) : rename(draft, path))).catch(
    (error: unknown) => {
      throw if_absent && isCode(error, 'EEXIST') ? alreadyExists() : error;
    },
  );
  await syncDirectory(shard);
}

async function read(path: string, choose: ChooseRange): Promise<DiskRead & { range?: ByteRange }> {
  const file = await openIfThere(path);
  if (!file) throw new BlobStoreError('not_found', 'There is no such object');
  try {
    const head = await headOf(file);
    const range = choose(head);
    if (head.size === 0) {
      await file.close();
      return { ...head, body: Readable.from([]) };
    }
    const { first: start, last: end } = range ?? { first: 0, last: head.size - 1 };
    const body = file.createReadStream({ start, end, highWaterMark: read_chunk_bytes });
    return { ...head, body, range };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function headOf(file: FileHandle): Promise<DiskHead> {
  const { size, sha256, content_type, metadata, modified_at } = await readDescription(file);
  return { size, sha256, etag: `"${sha256}"`, content_type, metadata, modified_at };
}

async function* list(directory: string, bucket: string, prefix: string): AsyncGenerator<ListedBlob> {
  assertBucket(bucket);
  for await (const shard of entries(join(directory, bucket))) {
    for await (const path of entries(shard)) {
      const file = await openIfThere(path);
      if (!file) continue;
      const { key, size, modified_at } = await readDescription(file).finally(() => file.close());
      if (key.startsWith(prefix)) yield { bucket, key, size, modified_at };
    }
  }
}

/** Removes what a killed process left half-written; answers how many files that were. */
async function sweep(incoming: string, before_ms: number): Promise<number> {
  let removed = 0;
  for await (const path of entries(incoming)) {
    const { mtimeMs } = await stat(path);
    if (mtimeMs >= before_ms) continue;
    await unlinkIfThere(path);
    removed += 1;
  }
  return removed;
}

async function* entries(directory: string): AsyncGenerator<string> {
  const found = await opendir(directory).catch((error: unknown) => {
    if (isCode(error, 'ENOENT')) return [];
    throw error;
  });
  for await (const { name } of found) yield join(directory, name);
}

function makeDirectory(directory: string): Promise<unknown> {
  return mkdir(directory, { recursive: true });
}

/** A new name is durable only when the directory that holds it is. */
async function ensureDurableDirectory(directory: string): Promise<void> {
  const first_made = await mkdir(directory, { recursive: true });
  if (first_made === undefined) return;
  await syncDirectory(join(directory, '..'));
  await syncDirectory(join(first_made, '..'));
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  await handle.sync().finally(() => handle.close());
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function unlinkIfThere(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (!isCode(error, 'ENOENT')) throw error;
  });
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function alreadyExists(): BlobStoreError {
  return new BlobStoreError('already_exists', 'The key is taken and only its first write is allowed');
}
