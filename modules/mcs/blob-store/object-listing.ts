import type { ServerResponse } from 'node:http';
import type { ListedBlob } from './blob-store.ts';
import type { DiskStore } from './disk-store.ts';
import { accessDenied, notOffered, xmlText } from './refusals.ts';
import type { Authorisation, StoreRequest } from './request-signature.ts';

const page_size = 1000;
const known_parameters = new Set(['list-type', 'prefix', 'continuation-token', 'max-keys', 'x-id']);

/**
 * ListObjectsV2 for a holder of the secret. A signed address never lists: whoever is handed one can reach one object.
 */
export async function listObjects(context: {
  request: StoreRequest;
  res: ServerResponse;
  disk: DiskStore;
  bucket: string;
  authorisation?: Authorisation;
}): Promise<void> {
  const { request, res, disk, bucket, authorisation } = context;
  if (authorisation?.form !== 'header') throw accessDenied('Listing by an address is not allowed');
  if (request.method !== 'GET' || request.query.get('list-type') !== '2') throw notOffered('this bucket operation');
  for (const name of request.query.keys()) {
    if (!known_parameters.has(name)) throw notOffered(`the parameter ${name}`);
  }
  const prefix = request.query.get('prefix') ?? '';
  const after = request.query.get('continuation-token') ?? '';
  const found = (await Array.fromAsync(disk.list({ bucket, prefix }))).filter(({ key }) => key > after);
  res.setHeader('content-type', 'application/xml');
  res.end(listing(found.sort((a, b) => (a.key < b.key ? -1 : 1))));
}

function listing(found: ListedBlob[]): string {
  const page = found.slice(0, page_size);
  const is_truncated = found.length > page.length;
  const next = is_truncated ? `<NextContinuationToken>${xmlText(page.at(-1)?.key ?? '')}</NextContinuationToken>` : '';
  const contents = page.map(
    ({ key, size, modified_at }) =>
      `<Contents><Key>${xmlText(key)}</Key><LastModified>${modified_at}</LastModified><Size>${size}</Size></Contents>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult><IsTruncated>${is_truncated}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`;
}
