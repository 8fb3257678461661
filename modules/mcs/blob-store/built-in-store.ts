import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import type { Credentials } from '@zdravo/kit/sigv4';
import {
  type BlobBody,
  type BlobReceipt,
  type BlobStore,
  BlobStoreError,
  type FirstWrite,
  type PutBlob,
} from './blob-store.ts';
import { openDiskStore } from './disk-store.ts';
import { createPresigner, headerValue, hexSha256, metadataName, readEndpoint } from './presigner.ts';
import type { SignatureRules } from './request-signature.ts';
import { type BucketRules, createStoreHandler, type StoreHandler } from './store-handler.ts';

export type BuiltInStoreOptions = {
  directory: string;
  /** Where clients reach the handler; its path is the prefix under which the handler is mounted. */
  endpoint: string;
  buckets: Record<string, BucketRules>;
  /** One key pair, or the newest of several with the way to find an older one. */
  credentials: Credentials | StoreKeys;
  region?: string;
  origins?: readonly string[];
  now?: () => Date;
  onFailure?: (error: unknown) => void;
};

export type StoreKeys = { current(): Credentials; secretOf: SignatureRules['secretOf'] };

/** The embedded default: a store on this machine's disk with an S3 face for the addresses that it signs. */
export type BuiltInStore = BlobStore & {
  handler: StoreHandler;
  /** Removes what a killed process left half-written a day ago or more; answers the number of files. */
  sweep(before_ms?: number): Promise<number>;
  close(): Promise<void>;
};

/** Opens the built-in store. Its own calls go to the disk; only addresses given to others travel over HTTP. */
export function openBuiltInStore(options: BuiltInStoreOptions): BuiltInStore {
  const disk = openDiskStore(options);
  const region = options.region ?? 'local';
  const keys = 'current' in options.credentials ? options.credentials : oneKey(options.credentials);
  const write = async (input: PutBlob, if_absent: boolean) => disk.write({ ...diskWrite(options, input), if_absent });
  return {
    ...createPresigner({ ...options, region, credentials: keys.current }),
    head: disk.head,
    get: ({ range, ...address }) => disk.read(address, range && (({ size }) => clamp(range, size))),
    put: (input) => write(input, false),
    putIfAbsent: (input) => firstWrite(input, () => write(input, true)),
    copy: (input) => copy(disk, input),
    delete: disk.remove,
    list: disk.list,
    sweep: disk.sweep,
    close: disk.close,
    handler: createStoreHandler({
      disk,
      region,
      buckets: options.buckets,
      prefix: readEndpoint(options.endpoint).prefix,
      origins: options.origins ?? ['*'],
      now: options.now ?? (() => new Date()),
      secretOf: keys.secretOf,
      onFailure: options.onFailure,
    }),
  };
}

function oneKey(credentials: Credentials): StoreKeys {
  const { access_key_id, secret_access_key } = credentials;
  return { current: () => credentials, secretOf: (id) => (id === access_key_id ? secret_access_key : undefined) };
}

/** Credentials for a store that is used by this process only. */
export function randomCredentials(): Credentials {
  return { access_key_id: randomBytes(10).toString('hex'), secret_access_key: randomBytes(32).toString('base64url') };
}

/** A server of its own for the store's handler, for when it is not mounted in another one. */
export function createStoreServer(handler: StoreHandler): Server {
  const server = createServer({ requestTimeout: 30 * 60 * 1000, headersTimeout: 20_000 }, handler);
  server.setTimeout(60_000);
  return server;
}

/** Turns the refusal of a write that was not the first into a value. */
export async function firstWrite(input: PutBlob, write: () => Promise<BlobReceipt>): Promise<FirstWrite> {
  try {
    return { ...(await write()), stored: true };
  } catch (error) {
    if (!(error instanceof BlobStoreError) || error.code !== 'already_exists') throw error;
    return { stored: false };
  } finally {
    if (!(input.body instanceof Uint8Array)) input.body.stream.destroy();
  }
}

function diskWrite({ buckets }: BuiltInStoreOptions, input: PutBlob) {
  if (!Object.hasOwn(buckets, input.bucket)) throw new BlobStoreError('not_found', 'There is no such bucket');
  const { size, source } =
    input.body instanceof Uint8Array
      ? { size: input.body.length, source: input.body }
      : { size: input.body.size, source: input.body.stream };
  for (const [name, value] of Object.entries(input.metadata ?? {})) headerValue(metadataName(name) && value);
  return {
    bucket: input.bucket,
    key: input.key,
    source,
    expected_size: size,
    max_bytes: Number.MAX_SAFE_INTEGER,
    content_type: headerValue(input.content_type ?? 'application/octet-stream'),
    metadata: input.metadata ?? {},
    expected_sha256: input.sha256 && hexSha256(input.sha256),
  };
}

/** A body as a stream with its length. */
export function readBody(body: BlobBody): { size: number; source: Readable } {
  if (body instanceof Uint8Array) return { size: body.length, source: Readable.from([body]) };
  return { size: body.size, source: body.stream };
}

function clamp(range: { first: number; last: number }, size: number) {
  if (range.first < size && range.first <= range.last)
    return { first: range.first, last: Math.min(range.last, size - 1) };
  throw new BlobStoreError('range_not_satisfiable', 'No byte of the asked range exists');
}

async function copy(
  disk: ReturnType<typeof openDiskStore>,
  { from, to, if_match }: Parameters<BlobStore['copy']>[0],
): Promise<void> {
  const found = await disk.read(from, ({ etag }) => {
    if (if_match === undefined || if_match === etag) return undefined;
    throw new BlobStoreError('precondition_failed', 'The source is not the one that was asked for');
  });
  const { content_type, metadata, body, size: expected_size } = found;
  const max_bytes = Number.MAX_SAFE_INTEGER;
  await disk
    .write({ ...to, source: body, content_type, metadata, expected_size, max_bytes, if_absent: false })
    .finally(() => body.destroy());
}
