import type { ServerResponse } from 'node:http';
import { BlobStoreError } from './blob-store.ts';

/** An answer of the store's HTTP face that is not a success, in S3's vocabulary. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export const accessDenied = (message: string) => new Refusal(403, 'AccessDenied', message);
export const invalidRequest = (message: string) => new Refusal(400, 'InvalidRequest', message);
/** What S3 may offer and this store does not is refused, never ignored: an ignored condition is a hole. */
export const notOffered = (what: string) => new Refusal(501, 'NotImplemented', `This store does not offer ${what}`);

const refusal_of_code: Record<BlobStoreError['code'], readonly [status: number, code: string]> = {
  not_found: [404, 'NoSuchKey'],
  already_exists: [412, 'PreconditionFailed'],
  precondition_failed: [412, 'PreconditionFailed'],
  invalid_address: [400, 'InvalidURI'],
  invalid_request: [400, 'InvalidRequest'],
  sha256_mismatch: [400, 'XAmzContentSHA256Mismatch'],
  size_mismatch: [400, 'IncompleteBody'],
  too_large: [400, 'EntityTooLarge'],
  range_not_satisfiable: [416, 'InvalidRange'],
  access_denied: [403, 'AccessDenied'],
  damaged: [500, 'ObjectDamaged'],
  unavailable: [503, 'ServiceUnavailable'],
};

/** The refusal for whatever was thrown; undefined for a bug, which leaves as a bare 500. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error;
  if (!(error instanceof BlobStoreError)) return undefined;
  const [status, code] = refusal_of_code[error.code];
  return new Refusal(status, code, error.message);
}

/** Answers with S3's error document, or with the status alone where a body is not allowed. */
export function sendRefusal(res: ServerResponse, refusal: Refusal, has_body: boolean): void {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${refusal.code}</Code><Message>${xmlText(refusal.message)}</Message></Error>`;
  res.statusCode = refusal.status;
  res.setHeader('content-type', 'application/xml');
  res.setHeader('content-length', Buffer.byteLength(body));
  res.end(has_body ? body : undefined);
}

export function xmlText(text: string): string {
  return text.replace(/[<>&"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
