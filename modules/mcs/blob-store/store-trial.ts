import { hash, randomUUID } from 'node:crypto';
import { type BlobStore, BlobStoreError } from './blob-store.ts';

/** A store is not what uploads rely on: it lets through what an address forbids, or lacks a bucket or a right. */
export class StoreTrialError extends Error {
  override readonly name = 'StoreTrialError';
  readonly failings: readonly string[];

  constructor(failings: readonly string[]) {
    super(`The object storage cannot be used: ${failings.join('; ')}.`);
    this.failings = failings;
  }
}

export type Trial = {
  /** Its addresses are tried from here, so they must be signed for the endpoint that this process uses. */
  store: BlobStore;
  quarantine_bucket: string;
  /** Further buckets that must be there and can be written. */
  other_buckets: readonly string[];
};

const content = Buffer.from('a trial upload');
const content_type = 'image/jpeg';
const conditions = {
  expires_s: 60,
  content_type,
  content_length: content.length,
  sha256: hash('sha256', content),
  if_none_match: '*',
} as const;

/**
 * Tries a foreign store before it is used: a fully pinned upload is taken once, and whatever its address forbids is
 * refused. Stores that only look like S3 (test doubles, old gateways) are told apart here and not by a forged document.
 * Leaves nothing behind. @throws StoreTrialError that names each failing; BlobStoreError `unavailable`.
 */
export async function tryOutStore({ store, quarantine_bucket, other_buckets }: Trial): Promise<void> {
  const failings: string[] = [];
  for (const bucket of [quarantine_bucket, ...other_buckets]) failings.push(...(await tryBucket(store, bucket)));
  if (failings.length === 0) failings.push(...(await tryAddresses(store, quarantine_bucket)));
  if (failings.length > 0) throw new StoreTrialError(failings);
}

async function tryBucket(store: BlobStore, bucket: string): Promise<string[]> {
  const place = { bucket, key: `trial/${randomUUID()}` };
  try {
    const first = await store.putIfAbsent({ ...place, body: content, content_type });
    const second = await store.putIfAbsent({ ...place, body: content, content_type });
    await store.delete(place);
    return first.stored && !second.stored ? [] : [`a second write into ${bucket} replaces the first`];
  } catch (error) {
    if (!(error instanceof BlobStoreError) || error.code === 'unavailable') throw error;
    return [
      `the bucket ${bucket} is not there, or this access key may not put, replace and delete in it (${error.code})`,
    ];
  }
}

type Attempt = [what: string, expected: number, request: () => Promise<number>];

async function tryAddresses(store: BlobStore, bucket: string): Promise<string[]> {
  const keys: string[] = [];
  const newKey = () => {
    keys.push(`trial/${randomUUID()}`);
    return keys.at(-1)!;
  };
  const failings: string[] = [];
  for (const [what, expected, request] of attemptsAt(store, bucket, newKey)) {
    const status = await request();
    if (expected === 200 ? status !== 200 : status < 400) failings.push(failing(what, expected, status));
  }
  for (const key of keys) await store.delete({ bucket, key });
  return failings;
}

/** Each at a key of its own, but for the last two: what one attempt gets in does not hide the next. */
function attemptsAt(store: BlobStore, bucket: string, newKey: () => string): Attempt[] {
  const pinned = (key = newKey()) => ({ ...store.presignPut({ bucket, key, ...conditions }), key, body: content });
  const whole = pinned();
  const put = (change: (upload: ReturnType<typeof pinned>) => Partial<Upload>) => () => {
    const one = pinned();
    return upload({ ...one, ...change(one) });
  };
  return [
    ['an upload without a signature', 403, put(({ url }) => ({ url: url.split('?')[0]! }))],
    ['an upload with a forged signature', 403, put(({ url }) => ({ url: forged(url) }))],
    ['an upload to another key', 403, put(({ url, key }) => ({ url: url.replace(key, newKey()) }))],
    ['another method', 403, put(() => ({ method: 'DELETE', headers: {}, body: undefined }))],
    ['another content type', 403, put(({ headers }) => ({ headers: { ...headers, 'content-type': 'text/html' } }))],
    [
      'another length',
      403,
      put(({ headers }) => ({ headers: withLength(headers, 15), body: Buffer.from('a trial upload!') })),
    ],
    ['other bytes than announced', 400, put(() => ({ body: Buffer.from('A trial upload') }))],
    ['the upload itself', 200, () => upload(whole)],
    ['a second upload', 412, () => upload(whole)],
  ];
}

function failing(what: string, expected: number, status: number): string {
  return expected === 200
    ? `it refuses a pinned upload (${status}): Signature Version 4 with a body hash and If-None-Match is due`
    : `it takes ${what} (${status} instead of ${expected})`;
}

type Upload = {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: Uint8Array<ArrayBuffer> | undefined;
};

async function upload({ url, method, headers, body }: Upload): Promise<number> {
  try {
    const answer = await fetch(url, { method, headers, body, redirect: 'manual', signal: AbortSignal.timeout(10_000) });
    await answer.arrayBuffer();
    return answer.status;
  } catch (cause) {
    throw new BlobStoreError('unavailable', 'The store cannot be reached', { cause });
  }
}

function forged(url: string): string {
  return url.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
}

function withLength(headers: Record<string, string>, length: number): Record<string, string> {
  return { ...headers, 'content-length': String(length) };
}
