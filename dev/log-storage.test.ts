import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ServedStore, serveStore } from '@zdravo/mcs/testing';
import { createLogFolder, LogRefusal } from '@zdravo/ops';
import { type OpsUnderTest, someDeclaration, startOpsForTest } from '@zdravo/ops/testing';
import { encodeBundle, parsePolicy, type TileStore } from '@zdravo/tlog';
import { verifyLog } from '@zdravo/tlog/verifier';
import { findLogStorage, openLog } from './log-storage.ts';

// The log's public files in an S3, over HTTP with real signatures; who verifies reads them without credentials.

let directory: string;
let served: ServedStore;
let log: Awaited<ReturnType<typeof openLog>>;
let ops: OpsUnderTest;
const context = { request_id: 'test-request' };

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'zdravo-log-storage-'));
  served = await serveStore({ buckets: { public: { public_read: true } } });
  const { log: vkey } = await createLogFolder(directory, 'log.example/objects');
  await writeFile(join(directory, 'policy'), `log ${vkey}\nquorum none\n`);
  log = await openLog(directory, environment());
  ops = await startOpsForTest({ transparency_log: log });
});
after(async () => {
  await ops?.close();
  await log?.close();
  await served?.close();
  await rm(directory, { recursive: true, force: true });
});

function environment(): Record<string, string> {
  return {
    OPS_LOG_S3_ENDPOINT: served.endpoint,
    OPS_LOG_S3_ACCESS_KEY_ID: served.credentials.access_key_id,
    OPS_LOG_S3_SECRET_ACCESS_KEY: served.credentials.secret_access_key,
  };
}

async function store(count: number): Promise<void> {
  for (let at = 0; at < count; at++)
    await ops.client.putDeclaration({ params: { id: randomUUID() }, body: someDeclaration() }, context);
  await ops.ops.sequencer.drain();
}

/** What anyone gets who knows nothing but the address of the bucket. */
async function fetchPublic(path: string): Promise<Uint8Array | undefined> {
  const response = await fetch(`${served.endpoint}/public/log/${path}`);
  return response.status === 200 ? new Uint8Array(await response.arrayBuffer()) : undefined;
}

async function verifyPublic(): Promise<bigint> {
  const tiles = { get: fetchPublic } as TileStore;
  const checkpoint = (await fetchPublic('checkpoint'))!;
  return (await verifyLog({ tiles, checkpoint }, parsePolicy(log.policy_text))).checkpoint.size;
}

test('the bucket holds the whole log: anyone verifies it, and superseded partial tiles go', async () => {
  await store(3);
  assert.equal(await verifyPublic(), 3n);
  await store(260);
  assert.equal(await verifyPublic(), 263n);
  assert.equal(await fetchPublic('tile/0/000.p/3'), undefined);
  assert.equal((await fetchPublic('tile/0/000'))?.length, 8192);
  assert.deepEqual(served.failures, []);
});

test('what was signed last is in the folder and not in the bucket, and the receipt is proved from the bucket', async () => {
  const params = { id: randomUUID() };
  await ops.client.putDeclaration({ params, body: someDeclaration() }, context);
  await ops.ops.sequencer.drain();
  assert.match(
    await readFile(join(directory, 'checkpoints', 'signed.checkpoint'), 'utf8'),
    /^log\.example\/objects\n264\n/,
  );
  assert.equal(await fetchPublic('signed'), undefined);
  assert.match((await ops.client.getReceipt({ params, query: {} }, context)).receipt!, /^c2sp\.org\/tlog-proof@v1\n/);
});

test('an object that says something else already is never overwritten: the sequencer refuses', async () => {
  const storage = findLogStorage(environment())!;
  await storage.tiles.putIfAbsent(
    'tile/entries/001.p/9',
    encodeBundle(Array.from({ length: 9 }, () => Buffer.from('forged'))),
  );
  await assert.rejects(store(1), (error) => error instanceof LogRefusal && error.code === 'database_forked');
  await storage.tiles.remove('tile/entries/001.p/9');
  await store(1);
  assert.equal(await verifyPublic(), 266n);
  storage.close();
});

test('while the checkpoint cannot be put into the bucket nothing counts as published; then everything is', async () => {
  const before = await verifyPublic();
  const put = log.on_published!;
  for (const happened of [false, true]) {
    log.on_published = async (checkpoint) => {
      if (happened) await put(checkpoint);
      throw new Error('the store failed');
    };
    await assert.rejects(store(1), /the store failed/);
  }
  log.on_published = put;
  await ops.ops.sequencer.drain();
  assert.equal(await verifyPublic(), before + 2n);
});

test('an endpoint without credentials is refused with the names of what is missing', () => {
  const { OPS_LOG_S3_SECRET_ACCESS_KEY: _, ...without } = environment();
  assert.throws(() => findLogStorage(without), /OPS_LOG_S3_SECRET_ACCESS_KEY/);
  assert.equal(findLogStorage({}), undefined);
});
