import type { ServerResponse } from 'node:http';
import { canonicalPath } from '@zdravo/kit/sigv4';
import type { ListedBlob } from './blob-store.ts';
import type { DiskStore } from './disk-store.ts';
import { accessDenied, invalidRequest, notOffered, xmlText } from './refusals.ts';
import type { Authorisation, StoreRequest } from './request-signature.ts';

const max_page_size = 1000;
const known_parameters = new Set(['list-type', 'prefix', 'continuation-token', 'max-keys', 'encoding-type', 'x-id']);

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
  const max_keys = Number(request.query.get('max-keys') ?? max_page_size);
  if (!Number.isInteger(max_keys) || max_keys < 1) throw invalidRequest('max-keys is a number from 1');
  const page = { size: Math.min(max_keys, max_page_size), encoding: request.query.get('encoding-type') };
  if (page.encoding !== undefined && page.encoding !== 'url') throw invalidRequest('The encoding can be url only');
  res.setHeader('content-type', 'application/xml');
  res.end(
    listing(
      found.sort((a, b) => (a.key < b.key ? -1 : 1)),
      page,
    ),
  );
}

type Page = { size: number; encoding?: string | undefined };

function listing(found: ListedBlob[], { size: page_size, encoding }: Page): string {
  const page = found.slice(0, page_size);
  const is_truncated = found.length > page.length;
  const next = is_truncated ? `<NextContinuationToken>${xmlText(page.at(-1)?.key ?? '')}</NextContinuationToken>` : '';
  const nameOf = (key: string) => xmlText(encoding === 'url' ? canonicalPath(key) : key);
  const contents = page.map(
    ({ key, size, modified_at }) =>
      `<Contents><Key>${nameOf(key)}</Key><LastModified>${modified_at}</LastModified><Size>${size}</Size></Contents>`,
  );
  const form = encoding === 'url' ? '<EncodingType>url</EncodingType>' : '';
  const members = `<IsTruncated>${is_truncated}</IsTruncated>${form}${next}${contents.join('')}`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult>${members}</ListBucketResult>`;
}
