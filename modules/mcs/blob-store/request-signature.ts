import type { IncomingMessage } from 'node:http';
import {
  algorithm,
  canonicalHeaders,
  canonicalPath,
  canonicalQuery,
  sameSignature,
  sign,
  unsigned_payload,
} from '@zdravo/kit/sigv4';
import { accessDenied, invalidRequest, notOffered, Refusal } from './refusals.ts';

export type SignatureRules = {
  region: string;
  /** The secret of an access key, or undefined for an unknown one. */
  secretOf: (access_key_id: string) => string | undefined | Promise<string | undefined>;
  now: () => Date;
};

/** The request as its URL and headers give it, before anything is believed. */
export type StoreRequest = { method: string; path: string; query: Map<string, string>; raw: IncomingMessage };

/** `sha256` is the body hash that the signer committed to; without it any bytes are allowed. */
export type Authorisation = { form: 'address' | 'header'; sha256?: string };

type Claim = {
  form: Authorisation['form'];
  credential: string;
  signed_headers: string;
  signature: string;
  amz_date: string;
  payload_hash: string;
};

const max_expires_s = 7 * 24 * 3600;
const clock_skew_ms = 15 * 60 * 1000;

/**
 * Checks Signature Version 4 in either form, address or header, and answers undefined when the request carries none.
 * Every `x-amz-*` header must be signed, so nobody can add a meaning to an address; a signed header must be there once.
 */
export async function verifySignature(
  request: StoreRequest,
  rules: SignatureRules,
): Promise<Authorisation | undefined> {
  const [in_query, in_header] = [request.query.has('X-Amz-Signature'), request.raw.headers.authorization !== undefined];
  if (in_query && in_header) throw invalidRequest('One signature only: in the address or in the header');
  if (!in_query && !in_header) return undefined;
  const claim = in_query ? addressClaim(request) : headerClaim(request);
  assertFresh(request, claim, rules);
  await assertSignature(request, claim, rules);
  const sha256 = claim.payload_hash === unsigned_payload ? undefined : claim.payload_hash;
  return { form: claim.form, sha256 };
}

/** Reads path and query strictly: each name once, valid percent-encoding only. Errors: `InvalidURI`, `InvalidRequest`. */
export function readStoreRequest(raw: IncomingMessage): StoreRequest {
  const [path = '', search = '', ...more] = (raw.url ?? '').split('?');
  const query = new Map<string, string>();
  for (const pair of [search, ...more].join('?').split('&')) {
    if (pair === '') continue;
    const [name, ...value] = pair.split('=').map(percentDecode);
    if (query.has(name ?? '')) throw invalidRequest('A parameter comes more than once');
    query.set(name ?? '', value.join('='));
  }
  return { method: raw.method ?? '', path: percentDecode(path), query, raw };
}

function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Refusal(400, 'InvalidURI', 'The address is not valid percent-encoded UTF-8');
  }
}

function addressClaim({ query, raw }: StoreRequest): Claim {
  if (required(query, 'X-Amz-Algorithm') !== algorithm) throw malformed('The algorithm is not AWS4-HMAC-SHA256');
  return {
    form: 'address',
    credential: required(query, 'X-Amz-Credential'),
    signed_headers: required(query, 'X-Amz-SignedHeaders'),
    signature: required(query, 'X-Amz-Signature'),
    amz_date: required(query, 'X-Amz-Date'),
    payload_hash: payloadHash(
      single(raw, 'x-amz-content-sha256') ?? query.get('X-Amz-Content-Sha256') ?? unsigned_payload,
    ),
  };
}

const header_form = /^AWS4-HMAC-SHA256 +Credential=([^, ]+), *SignedHeaders=([a-z0-9;-]+), *Signature=([0-9a-f]{64})$/;

function headerClaim({ raw }: StoreRequest): Claim {
  const parts = header_form.exec(single(raw, 'authorization') ?? '');
  if (!parts) throw malformed('The Authorization header is not one of AWS4-HMAC-SHA256');
  const [, credential = '', signed_headers = '', signature = ''] = parts;
  const amz_date = single(raw, 'x-amz-date');
  if (amz_date === undefined) throw accessDenied('The header x-amz-date is due');
  const payload_hash = payloadHash(single(raw, 'x-amz-content-sha256') ?? '');
  return { form: 'header', credential, signed_headers, signature, amz_date, payload_hash };
}

function payloadHash(value: string): string {
  if (value === unsigned_payload || /^[0-9a-f]{64}$/.test(value)) return value;
  if (value.startsWith('STREAMING-')) throw notOffered('uploads in signed chunks');
  throw invalidRequest('x-amz-content-sha256 must be UNSIGNED-PAYLOAD or 64 lower-case hex digits');
}

function assertFresh({ query }: StoreRequest, claim: Claim, rules: SignatureRules): void {
  const signed_at = instantOf(claim.amz_date);
  const age_ms = rules.now().getTime() - signed_at;
  if (age_ms < -clock_skew_ms) throw new Refusal(403, 'RequestTimeTooSkewed', 'Signed in the future');
  if (claim.form === 'header') {
    if (age_ms > clock_skew_ms) throw new Refusal(403, 'RequestTimeTooSkewed', 'Signed more than 15 minutes ago');
    return;
  }
  const expires = required(query, 'X-Amz-Expires');
  if (!/^[1-9]\d{0,5}$/.test(expires) || Number(expires) > max_expires_s) throw malformed('X-Amz-Expires is not valid');
  if (age_ms > Number(expires) * 1000) throw accessDenied('Request has expired');
}

async function assertSignature(request: StoreRequest, claim: Claim, rules: SignatureRules): Promise<void> {
  const [access_key_id = '', day, region, service, terminal, ...more] = claim.credential.split('/');
  const scope_fits =
    day === claim.amz_date.slice(0, 8) && region === rules.region && service === 's3' && terminal === 'aws4_request';
  if (!scope_fits || more.length > 0) throw malformed(`The credential must be of this day, ${rules.region}, s3`);
  const secret = await rules.secretOf(access_key_id);
  if (secret === undefined) throw new Refusal(403, 'InvalidAccessKeyId', 'The access key is not known');
  const expected = sign(
    {
      method: request.method,
      path: canonicalPath(request.path),
      query: canonicalQuery([...request.query].filter(([name]) => name !== 'X-Amz-Signature')),
      headers: signedHeaders(request.raw, claim.signed_headers.split(';')),
      payload_hash: claim.payload_hash,
      amz_date: claim.amz_date,
      region: rules.region,
    },
    secret,
  );
  if (sameSignature(expected, claim.signature)) return;
  throw new Refusal(403, 'SignatureDoesNotMatch', 'The request is not the one that was signed');
}

function signedHeaders(raw: IncomingMessage, names: string[]): [string, string][] {
  const sorted = names.every((name, index) => index === 0 || name > (names[index - 1] ?? ''));
  if (!sorted || !names.includes('host')) throw malformed('Signed headers are sorted, distinct and include host');
  const unsigned = Object.keys(raw.headersDistinct).filter(
    (name) => name.startsWith('x-amz-') && !names.includes(name),
  );
  if (unsigned.length > 0) throw accessDenied('There were headers present in the request which were not signed');
  return names.flatMap((name) => canonicalHeaders({ [name]: single(raw, name) ?? '' }));
}

/** A header that comes twice has no one value to compare with the signed one. */
function single(raw: IncomingMessage, name: string): string | undefined {
  const values = raw.headersDistinct[name];
  if (values && values.length > 1) throw invalidRequest(`The header ${name} comes more than once`);
  return values?.[0];
}

function required(query: Map<string, string>, name: string): string {
  const value = query.get(name);
  if (value === undefined) throw malformed(`The parameter ${name} is due`);
  return value;
}

function instantOf(amz_date: string): number {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(amz_date);
  const instant = parts ? Date.parse(amz_date.replace(/^(.{4})(..)(..T..)(..)/, '$1-$2-$3:$4:')) : Number.NaN;
  if (Number.isNaN(instant)) throw malformed('The date of signing is not valid');
  return instant;
}

function malformed(message: string): Refusal {
  return new Refusal(400, 'AuthorizationQueryParametersError', message);
}
