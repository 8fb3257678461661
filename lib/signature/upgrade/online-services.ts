import { Asn1Error } from '../asn1/reader.ts';
import { hexOf } from '../asn1/values.ts';
import { findStatus, readOcspAnswer } from '../revocation/ocsp.ts';
import { createOcspRequest } from '../revocation/ocsp-request.ts';
import type { RevocationData } from '../revocation/revocation-data.ts';
import { createTimeStampRequest, readTimeStampResponse } from '../time-stamps/exchange.ts';
import type { RevocationNeed } from '../verification/check-status.ts';
import { readCertificate } from '../x509/certificate.ts';

export type OnlineOptions = {
  /** Longest wait for one answer. */
  timeout_ms?: number;
  /** Addresses that may be asked; certificates name any. Default: http and https to public names. */
  isAllowed?: (address: URL) => boolean;
  fetch?: typeof fetch;
};

const most_bytes = 64 * 1024 * 1024;

/** A time-stamp token over these bytes from an authority (RFC 3161 over HTTP). Throws with a cause when there is none. */
export async function fetchTimeStamp(
  address: string,
  stamped: Uint8Array,
  digest_algorithm: string,
  options: OnlineOptions = {},
): Promise<Uint8Array> {
  const request = createTimeStampRequest(stamped, digest_algorithm);
  const body = await exchange(address, { type: 'application/timestamp-query', body: request.der }, options);
  return readTimeStampResponse(body, request);
}

/** Asks for one certificate's status: its OCSP addresses first, then its lists. Undefined when nobody answers usefully. */
export async function fetchRevocation(
  need: RevocationNeed,
  options: OnlineOptions = {},
): Promise<RevocationData | undefined> {
  for (const address of need.ocsp_addresses.slice(0, 3)) {
    const answer = await attempt(() => fetchOcsp(address, need, options));
    if (answer) return { ocsp_responses: [answer] };
  }
  for (const address of need.crl_addresses.slice(0, 3)) {
    const crl = await attempt(() => fetchCrl(address, options));
    if (crl) return { crls: [crl] };
  }
  return undefined;
}

/** A revocation list over HTTP, as it is. Throws when there is none. */
export function fetchCrl(address: string, options: OnlineOptions): Promise<Uint8Array> {
  return exchange(address, undefined, options);
}

/** One responder's answer about one certificate (RFC 6960 over HTTP). Throws when it tells nothing about it. */
export async function fetchOcsp(address: string, need: RevocationNeed, options: OnlineOptions): Promise<Uint8Array> {
  const request = createOcspRequest(need.certificate, need.issuer);
  const response = await exchange(address, { type: 'application/ocsp-request', body: request.der }, options);
  const answer = readOcspAnswer(response);
  // RFC 8954: a responder may leave the nonce out (answers made in advance); a wrong one is a replay.
  if (answer.nonce && hexOf(answer.nonce) !== hexOf(request.nonce))
    throw new Asn1Error('The answer is for another request');
  if (!findStatus(answer, readCertificate(need.certificate), readCertificate(need.issuer)))
    throw new Asn1Error('No status of this certificate');
  return response;
}

async function exchange(
  address: string,
  post: { type: string; body: Uint8Array } | undefined,
  { timeout_ms = 5_000, isAllowed = isPublicAddress, fetch: send = fetch }: OnlineOptions,
): Promise<Uint8Array> {
  const url = new URL(address);
  if (!isAllowed(url)) throw new Error(`Address of ${url.hostname} is not allowed`);
  const response = await send(url, {
    signal: AbortSignal.timeout(timeout_ms),
    redirect: 'error',
    ...(post ? { method: 'POST', headers: { 'content-type': post.type }, body: new Uint8Array(post.body) } : {}),
  });
  if (!response.ok) throw new Error(`${url.hostname} answers ${response.status}`);
  return readLimited(response);
}

async function readLimited(response: Response): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of response.body ?? []) {
    length += piece.length;
    if (length > most_bytes) throw new Error('The answer is too long');
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** A certificate must not be able to make the server call its own neighbours (server-side request forgery). */
export function isPublicAddress({ protocol, hostname }: URL): boolean {
  if (protocol !== 'http:' && protocol !== 'https:') return false;
  const is_address = /^[\d.]+$|^\[/.test(hostname);
  return !is_address && hostname.includes('.') && !/\.(?:local|internal|localhost|svc)$/.test(hostname);
}

/** Unreachable, broken or late: the same as no answer. */
async function attempt(ask: () => Promise<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    return await ask();
  } catch {
    return undefined;
  }
}
