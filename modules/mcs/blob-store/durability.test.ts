import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { hash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { openBuiltInStore } from './built-in-store.ts';
import { refusalCode } from './s3-refusals.ts';
import { exchange, type ServedStore, serveStore } from './served-store.ts';

const bucket = 'quarantine';

describe('an upload that does not end', () => {
  let served: ServedStore;
  before(async () => {
    served = await serveStore();
  });
  after(() => served.close());

  test('leaves no object and no draft when the client hangs up', async () => {
    const { url, headers } = served.store.presignPut({ bucket, key: 'cut', expires_s: 60, content_length: 1_000_000 });
    const { host, port, hostname, pathname, search } = new URL(url);
    const socket = connect(Number(port), hostname);
    const lines = Object.entries({ host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`PUT ${pathname}${search} HTTP/1.1\r\n${lines.join('')}\r\n`);
    socket.write(Buffer.alloc(400_000, 1));
    await until(async () => (await drafts(served.directory)).length === 1);
    socket.destroy();
    await until(async () => (await drafts(served.directory)).length === 0);
    assert.equal(await served.store.head({ bucket, key: 'cut' }), undefined);
    assert.deepEqual(served.failures, []);
    const again = await exchange({ method: 'PUT', url, headers, body: Buffer.alloc(1_000_000) });
    assert.equal(again.status, 200);
  });

  test('leaves no object when the process is killed in the middle, and the next one sweeps the draft', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'zdravo-killed-'));
    const child = spawn(process.execPath, [join(import.meta.dirname, 'endless-writer.ts'), directory]);
    await until(async () => (await draftBytes(directory)) > 2_000_000);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    const store = reopen(directory);
    assert.equal(await store.head({ bucket, key: 'endless' }), undefined);
    assert.deepEqual(await Array.fromAsync(store.list({ bucket })), []);
    assert.equal(await store.sweep(), 0, 'a fresh draft may belong to a living process');
    assert.equal(await store.sweep(Date.now() + 60_000), 1);
    assert.deepEqual(await drafts(directory), []);
    await rm(directory, { recursive: true });
  });
});

describe('two first writes at once over HTTP', () => {
  test('one is stored, the others are told so', async () => {
    const served = await serveStore();
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) => {
        const body = randomBytes(200_000 + index);
        const sha256 = hash('sha256', body);
        const address = served.store.presignPut({ bucket, key: 'race', expires_s: 60, sha256, if_none_match: '*' });
        return exchange({
          method: 'PUT',
          url: address.url,
          headers: { ...address.headers, 'content-length': String(body.length) },
          body,
        });
      }),
    );
    const statuses = answers.map(({ status }) => status).sort();
    assert.deepEqual(statuses, [200, ...Array.from({ length: 7 }, () => 412)]);
    await served.close();
  });
});

describe('a damaged file', () => {
  test('is reported, never served as shorter', async () => {
    const served = await serveStore();
    await served.store.put({ bucket, key: 'whole', body: randomBytes(10_000) });
    const [file = ''] = await storedFiles(served.directory);
    await truncate(file, (await stat(file)).size - 100);
    await assert.rejects(served.store.get({ bucket, key: 'whole' }), { code: 'damaged' });
    const { url } = served.store.presignGet({ bucket, key: 'whole', expires_s: 60 });
    assert.equal((await exchange({ method: 'GET', url })).status, 500);
    await served.close();
  });

  test('says so wherever its description was altered, and over HTTP too', async () => {
    const served = await serveStore();
    await served.store.put({ bucket, key: 'whole', body: Buffer.from('body') });
    const [file = ''] = await storedFiles(served.directory);
    const bytes = await readFile(file);
    for (const at of [bytes.indexOf('{'), bytes.indexOf('"size":4') + 7, bytes.length - 5, bytes.length - 1]) {
      const altered = Buffer.from(bytes);
      altered[at]! ^= 1;
      await writeFile(file, altered);
      await assert.rejects(served.store.get({ bucket, key: 'whole' }), { code: 'damaged' });
    }
    const { url } = served.store.presignGet({ bucket, key: 'whole', expires_s: 60 });
    const { status, body } = await exchange({ method: 'GET', url });
    assert.equal(refusalCode(status, String(body)), 'damaged');
    await served.close();
  });
});

function reopen(directory: string) {
  const credentials = { access_key_id: 'a', secret_access_key: 'b' };
  return openBuiltInStore({ directory, endpoint: 'http://localhost', buckets: { [bucket]: {} }, credentials });
}

async function drafts(directory: string): Promise<string[]> {
  const names = await readdir(join(directory, '.incoming')).catch(() => []);
  return names.map((name) => join(directory, '.incoming', name));
}

async function draftBytes(directory: string): Promise<number> {
  const [draft] = await drafts(directory);
  return draft ? (await stat(draft)).size : 0;
}

async function storedFiles(directory: string): Promise<string[]> {
  const found = await readdir(join(directory, bucket), { recursive: true, withFileTypes: true });
  return found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    if (await condition()) return;
    await pause(25);
  }
  assert.fail('It did not come to pass within 10 seconds');
}
