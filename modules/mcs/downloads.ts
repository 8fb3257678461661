import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { CallContext } from '@zdravo/kit/http';
import { Problem } from '@zdravo/kit/problem';
import { allowOrigin } from './blob-store/cross-origin.ts';
import {
  accessDenied,
  attachment,
  type ByteRange,
  Refusal,
  readRange,
  readStoreRequest,
  refusalOf,
  type SignatureRules,
  sendRefusal,
  verifySignature,
} from './blob-store/index.ts';
import type { McsDeps } from './deps.ts';
import { getObject, openObject, type StoredObject } from './documents.ts';

export type Download = { url: string; expires_at: string };

/**
 * A short-lived address of one document, as an attachment. The caller has checked the right to read; that the address
 * was given is on record before it leaves. @throws Problem 404.
 */
export async function issueDownload(
  deps: McsDeps,
  { object_id, file_name, purpose = null }: { object_id: string; file_name?: string; purpose?: string | null },
  context: CallContext,
): Promise<Download> {
  const object = await getObject(deps.db, object_id);
  const expires_s = deps.settings.download_expiry_s;
  const { url } = deps.downloads.presignGet({
    bucket: 'documents',
    key: object.id,
    expires_s,
    response_content_type: object.content_type,
    response_content_disposition: attachment(file_name ?? fileName(object)),
  });
  await deps.read_audit.record({
    request_id: context.request_id,
    actor_id: context.actor_id ?? null,
    client_id: context.client_id ?? null,
    action: 'document.address_issued',
    resource: object.resource_type,
    resource_id: object.resource_id,
    purpose,
  });
  return { url, expires_at: new Date(deps.clock.now().getTime() + expires_s * 1000).toISOString() };
}

export type DownloadRules = SignatureRules & { prefix: string; origins: readonly string[] };

/** Answers download addresses: decrypts the document, or the asked range of it, from the store into the socket. */
export function createDownloadHandler(deps: McsDeps, rules: DownloadRules) {
  return (req: IncomingMessage, res: ServerResponse): void => {
    answer(deps, rules, { req, res }).catch((error: unknown) => refuse(deps, { req, res, error }));
  };
}

type Exchange = { req: IncomingMessage; res: ServerResponse };

async function answer(deps: McsDeps, rules: DownloadRules, { req, res }: Exchange): Promise<void> {
  allowOrigin({ origins: rules.origins, req, res });
  const request = readStoreRequest(req);
  if ((await verifySignature(request, rules))?.form !== 'address') throw accessDenied('The request is not signed');
  if (request.method !== 'GET') throw new Refusal(405, 'MethodNotAllowed', 'Only GET is allowed');
  const object = await getObject(deps.db, request.path.slice(rules.prefix.length + 1));
  const range = askedRange(req, object);
  const body = await openObject(deps, object, range);
  try {
    setHeaders(res, { object, disposition: request.query.get('response-content-disposition') ?? 'attachment' });
    res.setHeader('content-length', range ? range.last - range.first + 1 : object.size);
    if (range) res.setHeader('content-range', `bytes ${range.first}-${range.last}/${object.size}`);
    res.statusCode = range ? 206 : 200;
    await pipeline(body, res);
  } finally {
    body.destroy();
  }
}

/** RFC 9110 §13.1.5: after `If-Range` a part is given only of the document that the client has a part of. */
function askedRange({ headers }: IncomingMessage, object: StoredObject): ByteRange | undefined {
  const if_range = headers['if-range'];
  if (headers.range === undefined || (if_range !== undefined && if_range !== etagOf(object))) return undefined;
  return readRange(headers.range, object.size);
}

function etagOf({ sha256 }: StoredObject): string {
  return `"${sha256}"`;
}

function setHeaders(res: ServerResponse, { object, disposition }: { object: StoredObject; disposition: string }): void {
  res.setHeader('content-type', object.content_type);
  res.setHeader('content-disposition', disposition);
  res.setHeader('accept-ranges', 'bytes');
  res.setHeader('etag', etagOf(object));
  res.setHeader('x-content-type-options', 'nosniff');
  res.setHeader('content-security-policy', "default-src 'none'; sandbox");
  res.setHeader('referrer-policy', 'no-referrer');
  res.setHeader('cache-control', 'private, no-store');
}

function refuse({ log }: McsDeps, { req, res, error }: Exchange & { error: unknown }): void {
  const refusal = error instanceof Problem ? new Refusal(error.status, error.code, error.message) : refusalOf(error);
  if (!refusal || refusal.status >= 500) log.error({ err: error }, 'a document could not be handed out');
  if (res.headersSent || req.destroyed) res.destroy();
  else sendRefusal(res, refusal ?? new Refusal(500, 'InternalError', 'Something went wrong'), req.method !== 'HEAD');
}

const endings: Record<string, string> = { 'image/jpeg': 'jpeg', 'application/pdf': 'pdf' };

function fileName({ form, content_type }: StoredObject): string {
  return `${form}.${endings[content_type] ?? 'p7s'}`;
}
