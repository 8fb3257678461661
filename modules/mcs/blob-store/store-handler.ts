import type { IncomingMessage, ServerResponse } from 'node:http';
import { assertBlobAddress, assertBucket, BlobStoreError } from './blob-store.ts';
import { allowOrigin, answerPreflight } from './cross-origin.ts';
import type { DiskStore } from './disk-store.ts';
import { listObjects } from './object-listing.ts';
import { deleteObject, getObject, type ObjectRequest, putObject } from './object-requests.ts';
import { accessDenied, notOffered, Refusal, refusalOf, sendRefusal } from './refusals.ts';
import { readStoreRequest, type SignatureRules, type StoreRequest, verifySignature } from './request-signature.ts';

/**
 * What a bucket allows beyond signatures: `public_read` answers unsigned GET and HEAD; `write_once` makes every upload
 * a first write, whether its address says so or not; `max_bytes` bounds uploads whose address announces no length.
 */
export type BucketRules = { public_read?: boolean; write_once?: boolean; max_bytes?: number };

export type StoreHandlerOptions = SignatureRules & {
  disk: DiskStore;
  buckets: Record<string, BucketRules>;
  /** Path under which the handler is mounted, without a final slash; part of what is signed. */
  prefix: string;
  /** Origins whose pages may upload and read; `*` for any: addresses carry no cookies. */
  origins: readonly string[];
  /** Told about failures that are ours, with no part of a body. */
  onFailure?: (error: unknown) => void;
};

export type StoreHandler = (req: IncomingMessage, res: ServerResponse) => void;

/** The store's S3 face as a `node:http` handler. Whatever comes in, an S3 answer goes out; bodies are streams. */
export function createStoreHandler(options: StoreHandlerOptions): StoreHandler {
  return (req, res) => {
    answer(options, req, res).catch((error: unknown) => refuse(options, { req, res, error }));
  };
}

async function answer(options: StoreHandlerOptions, req: IncomingMessage, res: ServerResponse): Promise<void> {
  res.setHeader('x-content-type-options', 'nosniff');
  allowOrigin({ origins: options.origins, req, res });
  if (req.method === 'OPTIONS') return answerPreflight(req, res);
  const request = readStoreRequest(req);
  const authorisation = await verifySignature(request, options);
  const { bucket, key } = addressOf(request.path, options.prefix);
  const rules = Object.hasOwn(options.buckets, bucket) ? options.buckets[bucket] : undefined;
  const public_read = rules?.public_read === true && /^(GET|HEAD)$/.test(request.method) && key !== '';
  if (!authorisation && !public_read) throw accessDenied('The request is not signed');
  if (!rules) throw new Refusal(404, 'NoSuchBucket', 'There is no such bucket');
  const context = { request, res, disk: options.disk, bucket, key, rules, authorisation };
  if (key === '') return listObjects(context);
  assertBlobAddress({ bucket, key });
  assertNoSubresource(request);
  return operate({ ...context, buckets: options.buckets });
}

function operate(context: ObjectRequest): Promise<void> {
  if (context.request.method === 'PUT') return putObject(context);
  if (context.request.method === 'DELETE') return deleteObject(context);
  if (context.request.method === 'GET' || context.request.method === 'HEAD') return getObject(context);
  throw new Refusal(405, 'MethodNotAllowed', 'Only PUT, GET, HEAD and DELETE are allowed');
}

function addressOf(path: string, prefix: string): { bucket: string; key: string } {
  if (!path.startsWith(`${prefix}/`)) throw new BlobStoreError('not_found', 'There is no such object');
  const [bucket = '', ...segments] = path.slice(prefix.length + 1).split('/');
  assertBucket(bucket);
  return { bucket, key: segments.join('/') };
}

const known_parameters = new Set([
  'x-id',
  'x-amz-checksum-mode',
  'response-content-type',
  'response-content-disposition',
]);

/** `?acl`, `?uploads`, `?versionId=…` change what a request means, so an unknown one is refused. */
function assertNoSubresource({ query }: StoreRequest): void {
  for (const name of query.keys()) {
    if (!known_parameters.has(name) && !name.startsWith('X-Amz-')) throw notOffered(`the parameter ${name}`);
  }
}

/** Bytes still arriving after a refusal are read and dropped up to this many, so that the client sees the answer. */
const max_dropped_bytes = 16 * 1024 * 1024;

function refuse(
  options: StoreHandlerOptions,
  { req, res, error }: { req: IncomingMessage; res: ServerResponse; error: unknown },
): void {
  const refusal = refusalOf(error);
  // `aborted`: the client left when its body was here already, but not yet our answer.
  const is_hang_up = req.destroyed && (!req.complete || (error as NodeJS.ErrnoException).code === 'ECONNRESET');
  if (!refusal && !is_hang_up) options.onFailure?.(error);
  if (res.headersSent || is_hang_up) {
    res.destroy();
    return;
  }
  let dropped = 0;
  req.on('data', (chunk: Buffer) => {
    dropped += chunk.length;
    if (dropped > max_dropped_bytes) req.destroy();
  });
  sendRefusal(res, refusal ?? new Refusal(500, 'InternalError', 'Something went wrong'), req.method !== 'HEAD');
}
