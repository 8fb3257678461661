import type { Readable } from 'node:stream';

/** Where one object lives. Both parts obey {@link assertBlobAddress}; a key is never taken from a client. */
export type BlobAddress = { bucket: string; key: string };

/** An address that its holder may use without further credentials, with the headers that must accompany it. */
export type SignedAddress = { method: 'PUT' | 'GET' | 'HEAD'; url: string; headers: Record<string, string> };

/**
 * What an upload address allows. Every given condition is signed, so the store refuses the upload that differs.
 * `sha256` is 64 lower-case hex digits of the body; `if_none_match` allows the first write only.
 */
export type PresignPut = BlobAddress & {
  expires_s: number;
  content_type?: string;
  content_length?: number;
  sha256?: string;
  if_none_match?: '*';
  metadata?: Record<string, string>;
};

/** What a reading address allows; the two response members fix what the browser is told about the file. */
export type PresignGet = BlobAddress & {
  expires_s: number;
  response_content_type?: string;
  response_content_disposition?: string;
};

export type PresignHead = BlobAddress & { expires_s: number };

/** First and last byte, both included, as in RFC 9110 §14.1.2. */
export type ByteRange = { first: number; last: number };

export type BlobHead = {
  size: number;
  etag: string;
  content_type: string;
  metadata: Record<string, string>;
  modified_at: string;
};

export type BlobContent = BlobHead & { body: Readable; range?: ByteRange };

/** Bytes in memory, or a stream whose length the caller knows: S3 takes no upload of unknown length. */
export type BlobBody = Uint8Array | { stream: Readable; size: number };

export type PutBlob = BlobAddress & {
  body: BlobBody;
  content_type?: string;
  /** When given, bytes with another hash are refused (`sha256_mismatch`) and nothing is stored. */
  sha256?: string;
  metadata?: Record<string, string>;
};

export type BlobReceipt = { sha256: string; size: number };

/** Whether this write was the first; the bytes of one that was not are dropped. */
export type FirstWrite = ({ stored: true } & BlobReceipt) | { stored: false };

export type ListedBlob = BlobAddress & { size: number; modified_at: string };

/**
 * Object storage as this module uses it. `put` replaces; `putIfAbsent` is atomic: of any number of rivals exactly one
 * answers `stored: true`. `get` and `copy` throw `not_found`; `head` answers undefined instead; deleting what is not
 * there succeeds. `list` is for our own sweepers: no address that we sign can list.
 */
export interface BlobStore {
  presignPut(input: PresignPut): SignedAddress;
  presignGet(input: PresignGet): SignedAddress;
  presignHead(input: PresignHead): SignedAddress;
  head(address: BlobAddress): Promise<BlobHead | undefined>;
  get(input: BlobAddress & { range?: ByteRange }): Promise<BlobContent>;
  put(input: PutBlob): Promise<BlobReceipt>;
  putIfAbsent(input: PutBlob): Promise<FirstWrite>;
  copy(input: { from: BlobAddress; to: BlobAddress; if_match?: string }): Promise<void>;
  delete(address: BlobAddress): Promise<void>;
  list(input: { bucket: string; prefix?: string }): AsyncIterable<ListedBlob>;
}

export type BlobErrorCode =
  | 'not_found'
  | 'already_exists'
  | 'precondition_failed'
  | 'invalid_address'
  | 'invalid_request'
  | 'sha256_mismatch'
  | 'size_mismatch'
  | 'too_large'
  | 'range_not_satisfiable'
  | 'access_denied'
  /** The store answers, and what it holds under this name is not whole. */
  | 'damaged'
  | 'unavailable';

/** What went wrong in a store; callers branch on `code`. */
export class BlobStoreError extends Error {
  override readonly name = 'BlobStoreError';
  readonly code: BlobErrorCode;

  constructor(code: BlobErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

const bucket_pattern = /^[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]$/;
const key_pattern = /^(?!\.+(?:\/|$))[\w!.*'()-]+(?:\/(?!\.+(?:\/|$))[\w!.*'()-]+)*$/;

/**
 * Refuses every address that could mean another place on a disk or in a URL: only the characters that S3 calls safe,
 * no empty, `.` or `..` segment, 1,024 bytes at most.
 */
export function assertBlobAddress({ bucket, key }: BlobAddress): void {
  assertBucket(bucket);
  if (key.length <= 1024 && key_pattern.test(key)) return;
  throw new BlobStoreError('invalid_address', 'The key is not a path of safe segments');
}

/** Refuses what is not a bucket name: 3 to 63 of a–z, 0–9, `-` and `_`. */
export function assertBucket(bucket: string): void {
  if (!bucket_pattern.test(bucket)) throw new BlobStoreError('invalid_address', 'The bucket name is not valid');
}
