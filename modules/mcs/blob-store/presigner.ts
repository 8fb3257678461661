import {
  algorithm,
  amzDate,
  type Credentials,
  canonicalHeaders,
  canonicalPath,
  canonicalQuery,
  percentEncode,
  scopeOf,
  sign,
  signedHeaderNames,
  unsigned_payload,
} from '@zdravo/kit/sigv4';
import {
  assertBlobAddress,
  type BlobAddress,
  BlobStoreError,
  type PresignGet,
  type PresignHead,
  type PresignPut,
  type SignedAddress,
} from './blob-store.ts';

/** `endpoint` is where clients reach the store, with its path prefix if it has one. */
export type PresignerOptions = {
  endpoint: string;
  region: string;
  /** A function is asked once a second at most, so that others take over soon. */
  credentials: Credentials | (() => Credentials);
  now?: () => Date;
};

export type Presigner = {
  presignPut(input: PresignPut): SignedAddress;
  presignGet(input: PresignGet): SignedAddress;
  presignHead(input: PresignHead): SignedAddress;
};

const max_expires_s = 7 * 24 * 3600;

/**
 * Signs addresses for any store that speaks Signature Version 4. All conditions are signed headers, never hoisted into
 * the query, and the body's true hash is signed in place of `UNSIGNED-PAYLOAD` when it is known: the SDK's presigner
 * can do neither. Errors: `invalid_address`, `invalid_request`.
 */
export function createPresigner(options: PresignerOptions): Presigner {
  const context: AddressContext = { ...options, ...readEndpoint(options.endpoint), moment: momentOf(options) };
  return {
    presignPut: (input) => signedAddress(context, { ...input, method: 'PUT', headers: putHeaders(input) }),
    presignGet: (input) => signedAddress(context, { ...input, method: 'GET', query: responseOverrides(input) }),
    presignHead: (input) => signedAddress(context, { ...input, method: 'HEAD' }),
  };
}

/** Splits an endpoint into what is signed: the host header and the path prefix. */
export function readEndpoint(endpoint: string): { origin: string; host: string; prefix: string } {
  const url = new URL(endpoint);
  if (url.search || url.hash || url.username) throw new TypeError('A store endpoint is an origin and a path only');
  return { origin: url.origin, host: url.host, prefix: url.pathname.replace(/\/$/, '') };
}

type AddressRequest = BlobAddress & {
  method: SignedAddress['method'];
  expires_s: number;
  headers?: Record<string, string>;
  query?: [string, string][];
  sha256?: string;
};

type Moment = { amz_date: string; query: string; secret: string };
type AddressContext = ReturnType<typeof readEndpoint> & PresignerOptions & { moment: () => Moment };

/** Written so that the query comes out in canonical order without sorting it: this is done for every address. */
function signedAddress(context: AddressContext, request: AddressRequest): SignedAddress {
  assertBlobAddress(request);
  assertExpiry(request.expires_s);
  const { amz_date, query: dated, secret } = context.moment();
  const { method, headers: conditions = {} } = request;
  const headers = canonicalHeaders({ host: context.host, ...conditions });
  const path = canonicalPath(`${context.prefix}/${request.bucket}/${request.key}`);
  const names = signedHeaderNames(headers).replaceAll(';', '%3B');
  const more = request.query?.length ? `&${canonicalQuery(request.query)}` : '';
  const query = `${dated}&X-Amz-Expires=${request.expires_s}&X-Amz-SignedHeaders=${names}${more}`;
  const payload_hash = request.sha256 ?? unsigned_payload;
  const input = { method, path, query, headers, payload_hash, amz_date, region: context.region };
  const signature = sign(input, secret);
  return { method, url: `${context.origin}${path}?${query}&X-Amz-Signature=${signature}`, headers: conditions };
}

/** What all addresses of one second have in common. */
function momentOf({ now = () => new Date(), region, credentials }: PresignerOptions): () => Moment {
  let [second, moment] = [Number.NaN, { amz_date: '', query: '', secret: '' }];
  return () => {
    const at = now();
    const this_second = Math.floor(at.getTime() / 1000);
    if (this_second === second) return moment;
    const amz_date = amzDate(at);
    const { access_key_id, secret_access_key: secret } =
      typeof credentials === 'function' ? credentials() : credentials;
    const credential = percentEncode(`${access_key_id}/${scopeOf(amz_date.slice(0, 8), region)}`);
    const query = `X-Amz-Algorithm=${algorithm}&X-Amz-Credential=${credential}&X-Amz-Date=${amz_date}`;
    [second, moment] = [this_second, { amz_date, query, secret }];
    return moment;
  };
}

function putHeaders(input: PresignPut): Record<string, string> {
  const headers: Record<string, string> = {};
  if (input.content_type !== undefined) headers['content-type'] = headerValue(input.content_type);
  if (input.content_length !== undefined) headers['content-length'] = byteCount(input.content_length);
  if (input.sha256 !== undefined) headers['x-amz-content-sha256'] = hexSha256(input.sha256);
  if (input.if_none_match !== undefined) headers['if-none-match'] = '*';
  for (const [name, value] of Object.entries(input.metadata ?? {})) {
    headers[`x-amz-meta-${metadataName(name)}`] = headerValue(value);
  }
  return headers;
}

function responseOverrides(input: PresignGet): [string, string][] {
  const query: [string, string][] = [];
  if (input.response_content_type) query.push(['response-content-type', headerValue(input.response_content_type)]);
  if (input.response_content_disposition) {
    query.push(['response-content-disposition', headerValue(input.response_content_disposition)]);
  }
  return query;
}

function assertExpiry(expires_s: number): void {
  if (Number.isInteger(expires_s) && expires_s >= 1 && expires_s <= max_expires_s) return;
  throw new BlobStoreError('invalid_request', `An address lives 1 to ${max_expires_s} seconds, not ${expires_s}`);
}

/** Header values of signed addresses are printable ASCII: anything else is re-encoded differently on the way. */
export function headerValue(value: string): string {
  if (/^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(value)) return value;
  throw new BlobStoreError(
    'invalid_request',
    'A signed header value is printable ASCII without outer or double blanks',
  );
}

export function metadataName(name: string): string {
  if (/^[a-z0-9-]{1,64}$/.test(name)) return name;
  throw new BlobStoreError('invalid_request', 'A metadata name is 1 to 64 of a–z, 0–9 and "-"');
}

export function hexSha256(value: string): string {
  if (/^[0-9a-f]{64}$/.test(value)) return value;
  throw new BlobStoreError('invalid_request', 'A SHA-256 is 64 lower-case hex digits');
}

function byteCount(value: number): string {
  if (Number.isSafeInteger(value) && value >= 0) return String(value);
  throw new BlobStoreError('invalid_request', 'A content length is a whole number of bytes');
}

/** `attachment; filename="…"; filename*=UTF-8''…` (RFC 6266), safe for any file name. */
export function attachment(file_name: string): string {
  const ascii = file_name.replace(/[^\w.-]+/g, '_').slice(0, 100) || 'file';
  return `attachment; filename="${ascii}"; filename*=UTF-8''${percentEncode(file_name)}`;
}
