import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { assertBlobAddress, type BlobAddress, BlobStoreError, type ByteRange } from './blob-store.ts';
import { checked } from './checksums.ts';
import type { DiskHead, DiskStore, DiskWrite } from './disk-store.ts';
import { invalidRequest, notOffered, Refusal, xmlText } from './refusals.ts';
import type { Authorisation, StoreRequest } from './request-signature.ts';
import type { BucketRules } from './store-handler.ts';

export type ObjectRequest = BlobAddress & {
  request: StoreRequest;
  res: ServerResponse;
  disk: DiskStore;
  rules: BucketRules;
  buckets: Record<string, BucketRules>;
  authorisation?: Authorisation;
};

/** S3's own limit for one PUT. */
const max_put_bytes = 5 * 1024 ** 3;

/** Stores the body, or a copy of another object, when every condition of the request holds. */
export async function putObject(context: ObjectRequest): Promise<void> {
  assertOnlyKnownConditions(context);
  const source = context.request.raw.headers['x-amz-copy-source'];
  if (typeof source === 'string') return copyObject(context, source);
  const { raw } = context.request;
  const expected_size = announcedLength(context);
  const received = await context.disk.write({
    ...description(context),
    source: checked(raw.iterator({ destroyOnReturn: false }), raw.headers),
    expected_size,
    expected_sha256: context.authorisation?.sha256,
  });
  context.res.setHeader('etag', `"${received.sha256}"`);
  context.res.end();
}

/** Sends the object or the asked part of it; the file is a stream from disk to socket. */
export async function getObject(context: ObjectRequest): Promise<void> {
  const { request, res, disk, bucket, key } = context;
  const { headers } = request.raw;
  if (request.method === 'HEAD') {
    const head = await disk.head({ bucket, key });
    if (!head) throw new BlobStoreError('not_found', 'There is no such object');
    describeObject(context, head, head.size);
    return void res.end();
  }
  const found = await disk.read({ bucket, key }, (head) => chosenRange(headers, head));
  const { range } = found;
  try {
    describeObject(context, found, range ? range.last - range.first + 1 : found.size);
    if (range) {
      res.statusCode = 206;
      res.setHeader('content-range', `bytes ${range.first}-${range.last}/${found.size}`);
    }
    await pipeline(found.body, res);
  } finally {
    found.body.destroy();
  }
}

/** Removes the object; removing what is not there succeeds, as in S3. */
export async function deleteObject({ disk, bucket, key, res }: ObjectRequest): Promise<void> {
  await disk.remove({ bucket, key });
  res.statusCode = 204;
  res.end();
}

async function copyObject(context: ObjectRequest, source: string): Promise<void> {
  const from = copySource(source);
  if (!Object.hasOwn(context.buckets, from.bucket)) throw new Refusal(404, 'NoSuchBucket', 'There is no such bucket');
  const etag = context.request.raw.headers['x-amz-copy-source-if-match'];
  const found = await context.disk.read(from, (head) => {
    if (etag === undefined || etag === head.etag) return undefined;
    throw new BlobStoreError('precondition_failed', 'The source is not the one that was asked for');
  });
  try {
    const { content_type, metadata } = found;
    await context.disk.write({ ...description(context), content_type, metadata, source: found.body });
  } finally {
    found.body.destroy();
  }
  context.res.setHeader('content-type', 'application/xml');
  context.res.end(`<CopyObjectResult><ETag>${xmlText(found.etag)}</ETag></CopyObjectResult>`);
}

function description({ bucket, key, rules, request }: ObjectRequest): Omit<DiskWrite, 'source'> {
  const { headers } = request.raw;
  const metadata = Object.entries(headers)
    .filter(([name]) => name.startsWith('x-amz-meta-'))
    .map(([name, value]): [string, string] => [name.slice('x-amz-meta-'.length), String(value)]);
  return {
    bucket,
    key,
    content_type: headers['content-type'] ?? 'application/octet-stream',
    metadata: Object.fromEntries(metadata),
    if_absent: rules.write_once === true || headers['if-none-match'] === '*',
    max_bytes: rules.max_bytes ?? max_put_bytes,
  };
}

function announcedLength({ request, rules }: ObjectRequest): number {
  const length = request.raw.headers['content-length'];
  if (length === undefined) throw new Refusal(411, 'MissingContentLength', 'An upload announces its length');
  if (!/^\d{1,15}$/.test(length)) throw invalidRequest('The content length is not a number of bytes');
  if (Number(length) <= (rules.max_bytes ?? max_put_bytes)) return Number(length);
  throw new BlobStoreError('too_large', `The upload is larger than ${rules.max_bytes ?? max_put_bytes} bytes`);
}

const known_amz =
  /^x-amz-(date|content-sha256|meta-[a-z0-9-]{1,64}|copy-source|copy-source-if-match|checksum-(crc32|sha256))$/;
/** Say how a client works, and change nothing. */
const idle_amz = /^x-amz-(user-agent|sdk-checksum-algorithm)$/;

/** A condition that this store would not keep is refused, so that nobody relies on it. */
function assertOnlyKnownConditions({ request }: ObjectRequest): void {
  const { headers } = request.raw;
  for (const name of Object.keys(headers)) {
    if (name.startsWith('x-amz-') && !known_amz.test(name) && !idle_amz.test(name))
      throw notOffered(`the header ${name}`);
  }
  for (const name of ['content-md5', 'content-encoding', 'if-match', 'content-range']) {
    if (headers[name] !== undefined) throw notOffered(`the header ${name}`);
  }
  if ((headers['if-none-match'] ?? '*') !== '*') throw notOffered('if-none-match with anything but *');
}

function copySource(source: string): BlobAddress {
  const [bucket = '', ...segments] = decodeURIComponent(source.replace(/%(?![0-9A-Fa-f]{2})/g, '%25'))
    .replace(/^\//, '')
    .split('/');
  const from = { bucket, key: segments.join('/') };
  assertBlobAddress(from);
  return from;
}

/** Pages of open data may have a style of their own and links to files; scripts still do not run. */
const open_file_policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox allow-downloads";

function describeObject({ request, res, rules }: ObjectRequest, head: DiskHead, length: number): void {
  res.setHeader('content-length', length);
  res.setHeader('content-type', override(request, 'response-content-type') ?? head.content_type);
  const disposition = override(request, 'response-content-disposition');
  if (disposition !== undefined) res.setHeader('content-disposition', disposition);
  res.setHeader('etag', head.etag);
  res.setHeader('last-modified', new Date(head.modified_at).toUTCString());
  res.setHeader('accept-ranges', 'bytes');
  for (const [name, value] of Object.entries(head.metadata)) res.setHeader(`x-amz-meta-${name}`, value);
  // A file is never a page of ours: no scripts, no frames, and its secret address leaks to nobody.
  res.setHeader('content-security-policy', rules.public_read ? open_file_policy : "default-src 'none'; sandbox");
  res.setHeader('referrer-policy', 'no-referrer');
  res.setHeader('cache-control', rules.public_read ? 'public, max-age=60' : 'private, no-store');
}

/** S3 refuses an override that no header can carry. */
function override({ query }: StoreRequest, name: string): string | undefined {
  const value = query.get(name);
  if (value === undefined || /^[\t\x20-\x7e\xa0-\xff]*$/.test(value)) return value;
  throw new Refusal(400, 'InvalidArgument', `${name} cannot be put into a header`);
}

type RangeHeaders = { range?: string; 'if-range'?: string; 'if-match'?: string; 'if-none-match'?: string };

function chosenRange(headers: RangeHeaders, head: DiskHead): ByteRange | undefined {
  if (headers['if-match'] !== undefined && !names(headers['if-match'], head.etag)) {
    throw new BlobStoreError('precondition_failed', 'The object is not the one that was asked for');
  }
  if (headers['if-none-match'] !== undefined && names(headers['if-none-match'], head.etag)) {
    throw new Refusal(304, 'NotModified', 'The object is the one already known');
  }
  if (headers['if-range'] !== undefined && headers['if-range'] !== head.etag) return undefined;
  return headers.range === undefined ? undefined : readRange(headers.range, head.size);
}

function names(condition: string, etag: string): boolean {
  return condition.trim() === '*' || condition.split(',').some((part) => part.trim() === etag);
}

/** One range of RFC 9110 §14.1.2; several, or another unit, are ignored as §14.2 allows. */
export function readRange(header: string, size: number): ByteRange | undefined {
  const parts = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header.trim());
  const [first_text = '', last_text = ''] = parts?.slice(1) ?? [];
  if (!parts || (first_text === '' && last_text === '')) return undefined;
  const first = first_text === '' ? Math.max(0, size - Number(last_text)) : Number(first_text);
  const last = first_text === '' || last_text === '' ? size - 1 : Math.min(Number(last_text), size - 1);
  if (first_text !== '' && last_text !== '' && Number(last_text) < first) return undefined;
  if (first < size && first <= last) return { first, last };
  throw new BlobStoreError('range_not_satisfiable', 'No byte of the asked range exists');
}
