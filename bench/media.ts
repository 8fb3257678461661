import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createPresigner, type ServedStore, serveStore } from '@zdravo/mcs/blob-store';
import { openSealed, seal } from '@zdravo/mcs/sealed-objects';

const block = randomBytes(1024 * 1024);
const file_mb = 512;
const rounds = 3;
const large_mb = 2048;

/**
 * Signed addresses per second of one core, and the built-in store against a bare `node:http` server that pipes each
 * body into a file and does not wait for the disk, as the store does; against one that does wait, too. Same client, same disk,
 * alternating rounds, the best of each (the machine is shared).
 * `rss_mb` is the most that the process ever held then, client and both servers included. `growth_mb_at_2_gb` is how much
 * it grew while 2 GB were uploaded, sealed from the store into the store, and opened again.
 */
export async function run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }> {
  const urls_per_s = measureAddresses();
  const memory = watchMemory();
  const contenders = {
    plain: await plainWriter({ is_durable: false }),
    durable: await plainWriter({ is_durable: true }),
    store: await builtInStore(),
  };
  const { store } = contenders;
  const best: Record<keyof typeof contenders, number> = { plain: 0, durable: 0, store: 0 };
  for (let round = 0; round < rounds; round += 1)
    for (const name of ['plain', 'durable', 'store'] as const)
      best[name] = Math.max(best[name], await contenders[name].mbPerSecond());
  const rss_mb = memory.stop();
  const growth_mb_at_2_gb = await measureGrowth(store.served);
  for (const contender of Object.values(contenders)) await contender.close();
  return {
    figures: { urls_per_s, mb_per_s: Math.round(best.store), rss_mb, growth_mb_at_2_gb },
    ratios: {
      of_plain_writer: Number((best.store / best.plain).toFixed(2)),
      of_durable_writer: Number((best.store / best.durable).toFixed(2)),
    },
  };
}

/** Fully pinned upload addresses, each with another key. */
function measureAddresses(): number {
  const credentials = { access_key_id: 'bench', secret_access_key: 'bench' };
  const presigner = createPresigner({ endpoint: 'http://localhost:4000/media', region: 'local', credentials });
  const sha256 = 'a'.repeat(64);
  const sign = (serial: number) =>
    presigner.presignPut({
      bucket: 'quarantine',
      key: `documents/${serial}`,
      expires_s: 300,
      content_type: 'image/jpeg',
      content_length: 100_000,
      sha256,
      if_none_match: '*',
      metadata: { 'upload-id': String(serial) },
    });
  return Math.max(...Array.from({ length: 6 }, () => perSecond(sign, 20_000)));
}

function perSecond(work: (serial: number) => unknown, count: number): number {
  const start = performance.now();
  for (let serial = 0; serial < count; serial += 1) work(serial);
  return Math.round(count / ((performance.now() - start) / 1000));
}

type Contender = { mbPerSecond(): Promise<number>; close(): Promise<void> };

async function plainWriter({ is_durable }: { is_durable: boolean }): Promise<Contender> {
  const directory = await mkdtemp(join(tmpdir(), 'zdravo-bench-'));
  const server = createServer(async (req, res) => {
    await pipeline(req, createWriteStream(join(directory, 'file'), { flush: is_durable }));
    res.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    mbPerSecond: async () => {
      const speed = await upload(`http://127.0.0.1:${port}/file`, {});
      await makeDurable(join(directory, 'file'));
      return speed;
    },
    close: async () => {
      server.close();
      await rm(directory, { recursive: true });
    },
  };
}

/** After the clock has stopped: what one contender left to the disk must not slow down the next. */
async function makeDurable(path: string): Promise<void> {
  const file = await open(path, 'r+');
  await file.sync();
  await file.close();
  await rm(path);
}

async function builtInStore(): Promise<Contender & { served: ServedStore }> {
  const served = await serveStore();
  let serial = 0;
  return {
    mbPerSecond: async () => {
      serial += 1;
      const address = { bucket: 'quarantine', key: `bench/${serial}` };
      const content_length = file_mb * block.length;
      const { url, headers } = served.store.presignPut({
        ...address,
        expires_s: 600,
        content_length,
        if_none_match: '*',
      });
      const speed = await upload(url, headers);
      await served.store.delete(address);
      return speed;
    },
    served,
    close: served.close,
  };
}

/** 2 GB by upload address, then through the seal as an approval does it, then opened as a download does it. */
async function measureGrowth({ store }: ServedStore): Promise<number> {
  const size = large_mb * block.length;
  globalThis.gc?.();
  const start_mb = Math.round(process.memoryUsage().rss / 1e6);
  const memory = watchMemory();
  const plain = { bucket: 'quarantine', key: 'bench/large' };
  const { url, headers } = store.presignPut({ ...plain, expires_s: 600, content_length: size, if_none_match: '*' });
  await upload(url, headers, large_mb);
  const address = { bucket: 'clean', key: 'bench/large' };
  const context = { owner_id: 'bench', object_id: 'bench' };
  const { body: stream } = await store.get(plain);
  const sealed = await seal(keys, context, { stream: stream as AsyncIterable<Buffer>, size });
  await store.put({ ...address, body: { stream: sealed.stream, size: sealed.size } });
  let opened = 0;
  for await (const chunk of await openSealed(store, keys, { ...context, address, size })) opened += chunk.length;
  if (opened !== size) throw new Error(`${opened} bytes came back instead of ${size}`);
  return memory.stop() - start_mb;
}

/** Keys are not what is measured. */
const keys = { wrap: async (key: Uint8Array) => key, unwrap: async (wrapped: Uint8Array) => wrapped };

async function upload(url: string, signed_headers: Record<string, string>, mb = file_mb): Promise<number> {
  const headers = { ...signed_headers, 'content-length': String(mb * block.length) };
  const start = performance.now();
  const status = await new Promise<number>((resolve, reject) => {
    const req = request(url, { method: 'PUT', headers }, (res) => resolve(res.resume().statusCode ?? 0));
    pipeline(Readable.from(blocks(mb)), req).catch(reject);
  });
  if (status !== 200) throw new Error(`The upload was answered ${status}`);
  return (mb * block.length) / 1e6 / ((performance.now() - start) / 1000);
}

function* blocks(mb: number): Generator<Buffer> {
  for (let sent = 0; sent < mb; sent += 1) yield block;
}

function watchMemory(): { stop(): number } {
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, 20);
  return {
    stop: () => {
      clearInterval(timer);
      return Math.round(peak / 1e6);
    },
  };
}
