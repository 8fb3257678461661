import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { KeyError, KeyServiceError } from '@zdravo/kit/keys';
import type { BlobAddress, BlobStore, ByteRange } from '../blob-store/index.ts';
import { openChunks, sealAtOnce, sealChunks } from './chunks.ts';
import {
  chunk_bytes,
  chunkCount,
  createHeader,
  header_bytes,
  readHeader,
  SealError,
  type SealHeader,
  sealedSize,
  tag_bytes,
} from './header.ts';

/** What a wrapped key is bound to: it opens under no other owner and for no other object. */
export type WrapContext = { owner_id: string; object_id: string };

/** Wraps the fresh key of one object under a key that belongs to its owner. */
export type KeyWrapper = {
  wrap(key: Uint8Array, context: WrapContext): Promise<Uint8Array>;
  unwrap(wrapped: Uint8Array, context: WrapContext): Promise<Uint8Array>;
};

export type Plaintext = { stream: AsyncIterable<Uint8Array>; size: number };

/** The key of an object, wrapped, and who wraps the same key for another owner. */
type SealedKey = { wrapped_key: Uint8Array; wrapFor: WrapFor };
export type WrapFor = (context: WrapContext) => Promise<Uint8Array>;
/** An object made ready for a store: a stream of known size. */
export type Sealed = SealedKey & { stream: Readable; size: number };

/** Seals a stream under a fresh AES-256 key; the key leaves this module wrapped only. */
export async function seal(keys: KeyWrapper, context: WrapContext, plaintext: Plaintext): Promise<Sealed> {
  const { sealing, ...sealed } = await freshKey(keys, context);
  const stream = Readable.from(sealChunks(plaintext.stream, sealing), { objectMode: false });
  return { ...sealed, stream, size: sealedSize(plaintext.size) };
}

/** The same of bytes that are whole in memory. */
export async function sealWhole(
  keys: KeyWrapper,
  context: WrapContext,
  plaintext: Uint8Array,
): Promise<SealedKey & { bytes: Buffer }> {
  const { sealing, ...sealed } = await freshKey(keys, context);
  return { ...sealed, bytes: sealAtOnce(plaintext, sealing) };
}

async function freshKey(keys: KeyWrapper, context: WrapContext) {
  const key = randomBytes(32);
  const wrapped_key = await keys.wrap(key, context);
  const header = createHeader({ ...context, wrapped_key: Buffer.from(wrapped_key).toString('base64') });
  const wrapFor: WrapFor = (other) => keys.wrap(key, other);
  return { sealing: { key, header }, wrapped_key, wrapFor };
}

export type OpenInput = WrapContext & {
  address: BlobAddress;
  /** Size of the plaintext as recorded elsewhere: a cut object is found out even by a range that misses the cut. */
  size: number;
  /** The key as re-wrapped since; without it the one in the header. */
  wrapped_key?: Uint8Array;
  range?: ByteRange;
};

/**
 * Opens a sealed object, or only the chunks that hold the wanted range. Errors: `not_sealed`, `refused` (altered,
 * swapped, or another owner's), `truncated`, `erased`; those of a chunk surface in the stream before any byte of it. A
 * `KeyError` tells of a lost generation of keys, a `KeyServiceError` of a key service that is away.
 */
export async function openSealed(store: BlobStore, keys: KeyWrapper, input: OpenInput): Promise<Readable> {
  const header = await fetchHeader(store, input);
  const { object_id, owner_id } = input;
  if (header.description.object_id !== object_id) throw new SealError('refused', 'This is another object');
  const wrapped = input.wrapped_key ?? Buffer.from(header.description.wrapped_key, 'base64');
  const key = await unwrap(keys, wrapped, { object_id, owner_id });
  return Readable.from(openRange(store, { ...input, key, header }), { objectMode: false });
}

/** The header of a stored object: whose it is and its wrapped key. */
export async function fetchHeader(store: BlobStore, { address }: { address: BlobAddress }): Promise<SealHeader> {
  const range = { first: 0, last: header_bytes - 1 };
  const { body } = await store.get({ ...address, range });
  return readHeader(Buffer.concat(await Array.fromAsync(body as AsyncIterable<Buffer>)));
}

async function unwrap(keys: KeyWrapper, wrapped: Uint8Array, context: WrapContext): Promise<Uint8Array> {
  try {
    return await keys.unwrap(wrapped, context);
  } catch (cause) {
    // Erased, of a lost generation, or a key service that is away: none of them says that the object was altered.
    const is_refused = cause instanceof KeyError ? cause.code === 'key_refused' : !(cause instanceof SealError);
    if (!is_refused || cause instanceof KeyServiceError) throw cause;
    throw new SealError('refused', 'The key of the object does not open', { cause });
  }
}

async function* openRange(
  store: BlobStore,
  { address, size, range, key, header }: OpenInput & { key: Uint8Array; header: SealHeader },
): AsyncGenerator<Buffer> {
  const { first, last } = wantedBytes(size, range);
  const span = {
    first: Math.floor(first / chunk_bytes),
    last: Math.floor(Math.max(last, 0) / chunk_bytes),
    last_of_object: chunkCount(size) - 1,
  };
  const { body, size: stored } = await store.get({ ...address, range: sealedRange(span, size) });
  if (stored !== sealedSize(size)) throw new SealError('truncated', 'The stored object has another size than recorded');
  let at = span.first * chunk_bytes;
  for await (const chunk of openChunks(body, { key, header, span })) {
    yield chunk.subarray(Math.max(0, first - at), last + 1 - at);
    at += chunk.length;
  }
}

function wantedBytes(size: number, range: ByteRange | undefined): ByteRange {
  if (!range) return { first: 0, last: size - 1 };
  const is_within = range.first >= 0 && range.first <= range.last && range.first < size;
  if (!is_within) throw new RangeError('The range holds no byte of the object');
  return { first: range.first, last: Math.min(range.last, size - 1) };
}

function sealedRange(span: { first: number; last: number }, size: number): ByteRange {
  const place = (chunk: number) => header_bytes + chunk * (chunk_bytes + tag_bytes);
  return { first: place(span.first), last: Math.min(place(span.last + 1), sealedSize(size)) - 1 };
}
