import { createHash, hash } from 'node:crypto';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  algorithm,
  amzDate,
  type Credentials,
  canonicalHeaders,
  canonicalPath,
  canonicalQuery,
  empty_sha256,
  scopeOf,
  sign,
  signedHeaderNames,
  unsigned_payload,
} from '@zdravo/kit/sigv4';
import {
  assertBlobAddress,
  type BlobAddress,
  type BlobContent,
  type BlobHead,
  type BlobReceipt,
  type BlobStore,
  BlobStoreError,
  type ByteRange,
  type PutBlob,
} from './blob-store.ts';
import { firstWrite, readBody } from './built-in-store.ts';
import { createPresigner, headerValue, hexSha256, metadataName, readEndpoint } from './presigner.ts';
import { listPages } from './s3-listing.ts';
import { refusalCode } from './s3-refusals.ts';

export type S3StoreOptions = {
  /** `https://s3.eu-central-1.amazonaws.com`, a Ceph gateway, or another store of this kind; addressed path-style. */
  endpoint: string;
  /** Where clients reach it, when that differs from where we do. */
  public_endpoint?: string;
  region: string;
  credentials: Credentials;
  timeout_ms?: number;
  now?: () => Date;
};

/** Any S3 with Signature Version 4 and `If-None-Match: *` on PUT (AWS, Ceph radosgw, the built-in store). */
export function connectS3Store(options: S3StoreOptions): BlobStore & { close(): void } {
  const connection = connect(options);
  const put = (input: PutBlob, first_only: boolean) => putObject(connection, input, first_only);
  return {
    ...createPresigner({ ...options, endpoint: options.public_endpoint ?? options.endpoint }),
    head: (address) => headObject(connection, address),
    get: (input) => getObject(connection, input),
    put: (input) => put(input, false),
    putIfAbsent: (input) => firstWrite(input, () => put(input, true)),
    copy: (input) => copyObject(connection, input),
    delete: async (address) => drain(await send(connection, { method: 'DELETE', ...address })),
    list: (input) =>
      listPages(input, async (query) => text(await send(connection, { method: 'GET', ...input, query }))),
    close: () => connection.agent.destroy(),
  };
}

export type S3Connection = {
  target: ReturnType<typeof readEndpoint>;
  region: string;
  credentials: Credentials;
  timeout_ms: number;
  now: () => Date;
  agent: HttpAgent | HttpsAgent;
};

type S3Request = {
  method: string;
  bucket: string;
  key?: string;
  query?: [string, string][];
  headers?: Record<string, string>;
  payload_hash?: string;
  body?: { source: Readable; counter: Transform };
};

function connect(options: S3StoreOptions): S3Connection {
  const target = readEndpoint(options.endpoint);
  const is_secure = target.origin.startsWith('https:');
  const agent = new (is_secure ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets: 64 });
  const { region, credentials, timeout_ms = 30_000, now = () => new Date() } = options;
  return { target, region, credentials, timeout_ms, now, agent };
}

/** Sends one signed request; answers a success, throws a {@link BlobStoreError} for everything else. */
async function send(connection: S3Connection, request: S3Request): Promise<IncomingMessage> {
  if (request.key !== undefined) assertBlobAddress({ bucket: request.bucket, key: request.key });
  const response = await transmit(connection, request, signedHeaders(connection, request));
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return response;
  const answer = await text(response);
  throw new BlobStoreError(refusalCode(status, answer), `The store answered ${status} ${answer.slice(0, 300)}`);
}

function signedHeaders(connection: S3Connection, request: S3Request): Record<string, string> {
  const { target, region, credentials } = connection;
  const amz_date = amzDate(connection.now());
  const payload_hash = request.payload_hash ?? empty_sha256;
  const plain = { ...request.headers, 'x-amz-date': amz_date, 'x-amz-content-sha256': payload_hash };
  const headers = canonicalHeaders({ ...plain, host: target.host });
  const signature = sign(
    {
      method: request.method,
      path: requestPath(connection, request),
      query: canonicalQuery(request.query ?? []),
      headers,
      payload_hash,
      amz_date,
      region,
    },
    credentials.secret_access_key,
  );
  const credential = `${credentials.access_key_id}/${scopeOf(amz_date.slice(0, 8), region)}`;
  const authorization = `${algorithm} Credential=${credential}, SignedHeaders=${signedHeaderNames(headers)}, Signature=${signature}`;
  return { ...plain, host: target.host, authorization };
}

function requestPath({ target }: S3Connection, { bucket, key }: S3Request): string {
  return canonicalPath(`${target.prefix}/${bucket}${key === undefined ? '' : `/${key}`}`);
}

function transmit(
  connection: S3Connection,
  request: S3Request,
  headers: Record<string, string>,
): Promise<IncomingMessage> {
  const { origin } = connection.target;
  const query = canonicalQuery(request.query ?? []);
  const url = new URL(`${origin}${requestPath(connection, request)}${query && `?${query}`}`);
  const { agent, timeout_ms } = connection;
  return new Promise((resolve, reject) => {
    const open = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const outgoing = open(url, { method: request.method, headers, agent, timeout: timeout_ms }, resolve);
    const fail = (cause: unknown) =>
      reject(
        cause instanceof BlobStoreError
          ? cause
          : new BlobStoreError('unavailable', 'The store cannot be reached', { cause }),
      );
    outgoing.on('timeout', () => outgoing.destroy(new Error(`No answer within ${timeout_ms} ms`)));
    outgoing.on('error', fail);
    if (request.body) pipeline(request.body.source, request.body.counter, outgoing).catch(fail);
    else outgoing.end();
  });
}

async function headObject(connection: S3Connection, address: BlobAddress): Promise<BlobHead | undefined> {
  try {
    const response = await send(connection, { method: 'HEAD', ...address });
    await drain(response);
    return headOf(response, Number(response.headers['content-length']));
  } catch (error) {
    if (error instanceof BlobStoreError && error.code === 'not_found') return undefined;
    throw error;
  }
}

async function getObject(connection: S3Connection, input: BlobAddress & { range?: ByteRange }): Promise<BlobContent> {
  const { range, ...address } = input;
  const headers: Record<string, string> = range ? { range: `bytes=${range.first}-${range.last}` } : {};
  const response = await send(connection, { method: 'GET', ...address, headers });
  const given = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(response.headers['content-range'] ?? '');
  if (range && !given) throw new BlobStoreError('unavailable', 'The store ignored the asked range');
  const size = Number(given ? given[3] : response.headers['content-length']);
  const answered = given ? { first: Number(given[1]), last: Number(given[2]) } : undefined;
  return { ...headOf(response, size), body: response, range: answered };
}

async function putObject(connection: S3Connection, input: PutBlob, first_only: boolean): Promise<BlobReceipt> {
  const { bucket, key } = input;
  const { size, source } = readBody(input.body);
  const known_hash =
    input.body instanceof Uint8Array ? hash('sha256', input.body) : input.sha256 && hexSha256(input.sha256);
  if (input.sha256 !== undefined && known_hash !== input.sha256) {
    throw new BlobStoreError('sha256_mismatch', 'The bytes do not have the announced SHA-256');
  }
  const { counter, receipt } = countBytes(size);
  const headers = { ...putHeaders(input), 'content-length': String(size), ...(first_only && { 'if-none-match': '*' }) };
  const payload_hash = known_hash ?? unsigned_payload;
  const request = { method: 'PUT', bucket, key, headers, payload_hash, body: { source, counter } };
  await drain(await send(connection, request).catch((error: unknown) => rethrowTaken(error, first_only)));
  return receipt();
}

function rethrowTaken(error: unknown, first_only: boolean): never {
  if (!first_only || !(error instanceof BlobStoreError) || error.code !== 'precondition_failed') throw error;
  throw new BlobStoreError('already_exists', 'The key is taken and only its first write is allowed', { cause: error });
}

function putHeaders({ content_type, metadata }: PutBlob): Record<string, string> {
  const named = Object.entries(metadata ?? {}).map(([name, value]) => [
    `x-amz-meta-${metadataName(name)}`,
    headerValue(value),
  ]);
  return { 'content-type': headerValue(content_type ?? 'application/octet-stream'), ...Object.fromEntries(named) };
}

/** Hashes what passes, and breaks off when it is not as long as announced: the store would wait for the rest. */
function countBytes(announced: number): { counter: Transform; receipt(): BlobReceipt } {
  const digest = createHash('sha256');
  let size = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      digest.update(chunk);
      size += chunk.length;
      done(size > announced ? sizeMismatch(announced) : null, chunk);
    },
    flush(done) {
      done(size < announced ? sizeMismatch(announced) : null);
    },
  });
  return { counter, receipt: () => ({ sha256: digest.digest('hex'), size }) };
}

function sizeMismatch(announced: number): BlobStoreError {
  return new BlobStoreError('size_mismatch', `The stream does not have the announced ${announced} bytes`);
}

/** A copy may fail after its 200 has been sent, so the body is read too (AWS, "CopyObject"). */
async function copyObject(
  connection: S3Connection,
  { from, to, if_match }: { from: BlobAddress; to: BlobAddress; if_match?: string },
): Promise<void> {
  assertBlobAddress(from);
  const headers: Record<string, string> = { 'x-amz-copy-source': canonicalPath(`/${from.bucket}/${from.key}`) };
  if (if_match !== undefined) headers['x-amz-copy-source-if-match'] = if_match;
  const answer = await text(await send(connection, { method: 'PUT', ...to, headers }));
  if (answer.includes('<Error>')) throw new BlobStoreError('unavailable', `The copy failed: ${answer.slice(0, 300)}`);
}

function headOf({ headers }: IncomingMessage, size: number): BlobHead {
  const metadata = Object.entries(headers)
    .filter(([name]) => name.startsWith('x-amz-meta-'))
    .map(([name, value]) => [name.slice('x-amz-meta-'.length), String(value)]);
  return {
    size,
    etag: headers.etag ?? '',
    content_type: headers['content-type'] ?? 'application/octet-stream',
    metadata: Object.fromEntries(metadata),
    modified_at: new Date(headers['last-modified'] ?? 0).toISOString(),
  };
}

async function drain(response: IncomingMessage): Promise<void> {
  await text(response);
}

async function text(response: IncomingMessage): Promise<string> {
  return Buffer.concat(await Array.fromAsync(response as AsyncIterable<Buffer>)).toString('utf8');
}
