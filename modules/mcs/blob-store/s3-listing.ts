import type { ListedBlob } from './blob-store.ts';

/** Walks ListObjectsV2 page by page; `fetchPage` sends the query and answers the XML. */
export async function* listPages(
  { bucket, prefix = '' }: { bucket: string; prefix?: string },
  fetchPage: (query: [string, string][]) => Promise<string>,
): AsyncGenerator<ListedBlob> {
  let token: string | undefined;
  do {
    const query: [string, string][] = [['list-type', '2']];
    if (prefix) query.push(['prefix', prefix]);
    if (token !== undefined) query.push(['continuation-token', token]);
    const page = await fetchPage(query);
    for (const [, entry = ''] of page.matchAll(/<Contents>(.*?)<\/Contents>/gs)) yield listedBlob(bucket, entry);
    token = element(page, 'IsTruncated') === 'true' ? element(page, 'NextContinuationToken') : undefined;
  } while (token !== undefined);
}

function listedBlob(bucket: string, entry: string): ListedBlob {
  const [key = '', size, modified_at = ''] = ['Key', 'Size', 'LastModified'].map((name) => element(entry, name));
  return { bucket, key, size: Number(size), modified_at: new Date(modified_at).toISOString() };
}

function element(xml: string, name: string): string | undefined {
  const found = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  return found?.replace(/&(?:#(\d+)|(amp|lt|gt|quot|apos));/g, (_, code: string | undefined, entity: string) =>
    code === undefined ? (entities[entity] ?? '') : String.fromCodePoint(Number(code)),
  );
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
