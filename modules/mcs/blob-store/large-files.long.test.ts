import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { serveStore } from './served-store.ts';

const size = 2 * 1024 ** 3;
const block = Buffer.alloc(1024 * 1024, 'Zdravo');
const allowed_growth_mb = 120;

function* file(): Generator<Buffer> {
  for (let sent = 0; sent < size; sent += block.length) yield block;
}

test('a file of 2 GB goes in and out in flat memory', { timeout: 600_000 }, async () => {
  const served = await serveStore();
  const sha256 = await hashOf(file());
  const start_mb = process.memoryUsage().rss / 1e6;
  const watch = watchMemory();
  const address = served.store.presignPut({
    bucket: 'quarantine',
    key: 'large',
    expires_s: 600,
    content_length: size,
    sha256,
    if_none_match: '*',
  });
  const body = Readable.toWeb(Readable.from(file())) as ReadableStream<Uint8Array>;
  const put = await fetch(address.url, {
    method: 'PUT',
    headers: address.headers,
    body,
    duplex: 'half',
  } as RequestInit);
  assert.equal(put.status, 200, await put.text());
  const { url } = served.store.presignGet({ bucket: 'quarantine', key: 'large', expires_s: 600 });
  const got = await fetch(url);
  assert.equal(await hashOf(got.body as unknown as AsyncIterable<Uint8Array>), sha256);
  const growth_mb = watch.stop() - start_mb;
  await served.close();
  assert.ok(growth_mb < allowed_growth_mb, `memory grew by ${growth_mb.toFixed(0)} MB`);
});

async function hashOf(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string> {
  const digest = createHash('sha256');
  for await (const chunk of source) digest.update(chunk);
  return digest.digest('hex');
}

function watchMemory(): { stop(): number } {
  let peak_mb = 0;
  const timer = setInterval(() => {
    peak_mb = Math.max(peak_mb, process.memoryUsage().rss / 1e6);
  }, 50);
  return {
    stop: () => {
      clearInterval(timer);
      return peak_mb;
    },
  };
}
