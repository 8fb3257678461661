import assert from 'node:assert/strict';
import { hash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { type BlobStore, BlobStoreError } from './blob-store.ts';
import { connectS3Store } from './s3-store.ts';
import { type ServedStore, serveStore } from './served-store.ts';

const bytes = randomBytes(300_000);
const bucket = 'clean';

async function read(store: BlobStore, key: string, range?: { first: number; last: number }): Promise<Buffer> {
  const { body } = await store.get({ bucket, key, range });
  return Buffer.concat(await Array.fromAsync(body as AsyncIterable<Buffer>));
}

/** What every driver promises; the S3 one talks to the built-in store, mounted under a prefix, over HTTP. */
for (const driver of ['built-in', 's3'] as const) {
  describe(`the ${driver} driver`, () => {
    let served: ServedStore;
    let store: BlobStore;

    before(async () => {
      served = await serveStore({ prefix: '/media' });
      const { endpoint, credentials } = served;
      store = driver === 's3' ? connectS3Store({ endpoint, region: 'local', credentials }) : served.store;
    });
    after(() => served.close());

    test('stores bytes and gives them back with size, type, metadata and hash', async () => {
      const receipt = await store.put({
        bucket,
        key: 'a/b',
        body: bytes,
        content_type: 'image/jpeg',
        metadata: { who: 'me' },
      });
      assert.deepEqual(receipt, { sha256: hash('sha256', bytes), size: bytes.length });
      assert.deepEqual(await read(store, 'a/b'), bytes);
      const head = await store.head({ bucket, key: 'a/b' });
      assert.equal(head?.size, bytes.length);
      assert.equal(head?.content_type, 'image/jpeg');
      assert.deepEqual(head?.metadata, { who: 'me' });
    });

    test('stores a stream of announced size', async () => {
      const stream = Readable.from([bytes.subarray(0, 1000), bytes.subarray(1000)]);
      const receipt = await store.put({ bucket, key: 'stream', body: { stream, size: bytes.length } });
      assert.equal(receipt.sha256, hash('sha256', bytes));
      assert.deepEqual(await read(store, 'stream'), bytes);
    });

    test('replaces on put', async () => {
      await store.put({ bucket, key: 'replaced', body: Buffer.from('one') });
      await store.put({ bucket, key: 'replaced', body: Buffer.from('two') });
      assert.equal(String(await read(store, 'replaced')), 'two');
    });

    test('of many first writes at once exactly one is stored', async () => {
      const rivals = Array.from({ length: 16 }, (_, index) =>
        store.putIfAbsent({ bucket, key: 'first', body: Buffer.from(`rival ${index}`) }),
      );
      const results = await Promise.all(rivals);
      const winners = results.flatMap((result) => (result.stored ? [result.sha256] : []));
      assert.equal(winners.length, 1);
      assert.equal(hash('sha256', await read(store, 'first')), winners[0]);
    });

    test('reads ranges', async () => {
      await store.put({ bucket, key: 'ranges', body: bytes });
      assert.deepEqual(await read(store, 'ranges', { first: 10, last: 19 }), bytes.subarray(10, 20));
      assert.deepEqual(await read(store, 'ranges', { first: 299_990, last: 900_000 }), bytes.subarray(299_990));
      await assert.rejects(read(store, 'ranges', { first: 300_000, last: 300_001 }), { code: 'range_not_satisfiable' });
    });

    test('refuses bytes with another hash and stores nothing', async () => {
      const sha256 = hash('sha256', 'other');
      await assert.rejects(store.put({ bucket, key: 'bad', body: bytes, sha256 }), { code: 'sha256_mismatch' });
      const stream = Readable.from([bytes]);
      const wrong = store.put({ bucket, key: 'bad', body: { stream, size: bytes.length }, sha256 });
      await assert.rejects(wrong, { code: 'sha256_mismatch' });
      assert.equal(await store.head({ bucket, key: 'bad' }), undefined);
    });

    test('refuses a stream that ends early and stores nothing', async () => {
      const stream = Readable.from([bytes]);
      await assert.rejects(
        store.put({ bucket, key: 'short', body: { stream, size: bytes.length + 1 } }),
        BlobStoreError,
      );
      assert.equal(await store.head({ bucket, key: 'short' }), undefined);
    });

    test('stores an empty object', async () => {
      await store.put({ bucket, key: 'empty', body: new Uint8Array() });
      assert.equal((await read(store, 'empty')).length, 0);
    });

    test('copies, and only the expected source', async () => {
      await store.put({ bucket, key: 'source', body: bytes, content_type: 'image/jpeg' });
      const head = await store.head({ bucket, key: 'source' });
      await store.copy({ from: { bucket, key: 'source' }, to: { bucket, key: 'copied' }, if_match: head?.etag });
      assert.deepEqual(await read(store, 'copied'), bytes);
      assert.equal((await store.head({ bucket, key: 'copied' }))?.content_type, 'image/jpeg');
      const stale = store.copy({ from: { bucket, key: 'source' }, to: { bucket, key: 'no' }, if_match: '"other"' });
      await assert.rejects(stale, { code: 'precondition_failed' });
      await assert.rejects(store.copy({ from: { bucket, key: 'none' }, to: { bucket, key: 'no' } }), {
        code: 'not_found',
      });
    });

    test('deletes, twice if asked', async () => {
      await store.put({ bucket, key: 'gone', body: bytes });
      await store.delete({ bucket, key: 'gone' });
      await store.delete({ bucket, key: 'gone' });
      assert.equal(await store.head({ bucket, key: 'gone' }), undefined);
      await assert.rejects(read(store, 'gone'), { code: 'not_found' });
    });

    test('lists by prefix', async () => {
      await store.put({ bucket, key: 'listed/1', body: Buffer.from('x') });
      await store.put({ bucket, key: 'listed/2', body: Buffer.from('yy') });
      const found = await Array.fromAsync(store.list({ bucket, prefix: 'listed/' }));
      const sizes = found.map(({ key, size }) => [key, size]).sort();
      assert.deepEqual(sizes, [
        ['listed/1', 1],
        ['listed/2', 2],
      ]);
    });

    test('signs addresses that the store accepts', async () => {
      const address = store.presignPut({ bucket, key: 'signed', expires_s: 60, content_type: 'text/plain' });
      const put = await fetch(address.url, { method: 'PUT', headers: address.headers, body: 'hello' });
      assert.equal(put.status, 200);
      const { url } = store.presignGet({ bucket, key: 'signed', expires_s: 60 });
      const part = await fetch(url, { headers: { range: 'bytes=-2' } });
      assert.equal(part.status, 206);
      assert.equal(part.headers.get('content-range'), 'bytes 3-4/5');
      assert.equal(await part.text(), 'lo');
    });

    test('tells apart a missing bucket', async () => {
      await assert.rejects(store.put({ bucket: 'nowhere', key: 'x', body: bytes }), { code: 'not_found' });
    });
  });
}

describe('the s3 driver in trouble', () => {
  test('says that the store cannot be reached', async () => {
    const credentials = { access_key_id: 'a', secret_access_key: 'b' };
    const store = connectS3Store({ endpoint: 'http://127.0.0.1:9', region: 'local', credentials });
    await assert.rejects(store.head({ bucket, key: 'x' }), { code: 'unavailable' });
  });

  test('says that its credentials are refused', async () => {
    const served = await serveStore();
    const credentials = { ...served.credentials, secret_access_key: 'wrong' };
    const store = connectS3Store({ endpoint: served.endpoint, region: 'local', credentials });
    await assert.rejects(store.head({ bucket, key: 'x' }), { code: 'access_denied' });
    store.close();
    await served.close();
  });
});
