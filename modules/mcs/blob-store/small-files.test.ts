import assert from 'node:assert/strict';
import { hash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openDiskStore } from './disk-store.ts';

let directory: string;
let disk: ReturnType<typeof openDiskStore>;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'zdravo-small-files-'));
  disk = openDiskStore({ directory });
});
after(async () => {
  await disk.close();
  await rm(directory, { recursive: true });
});

const write = (key: string, source: Buffer, input: { if_absent?: boolean; expected_sha256?: string } = {}) =>
  disk.write({
    ...{ bucket: 'clean', key, source, content_type: 'text/plain', metadata: {}, max_bytes: 1e9, if_absent: true },
    ...input,
  });

async function read(key: string): Promise<Buffer> {
  const { body } = await disk.read({ bucket: 'clean', key });
  return Buffer.concat(await Array.fromAsync(body as AsyncIterable<Buffer>));
}

test('what is written at once stands each for itself: one that is refused takes nobody with it', async () => {
  const files = Array.from({ length: 40 }, (_, at) => ({ key: `file/${at % 30}`, bytes: randomBytes(at * 500) }));
  const outcomes = await Promise.allSettled([
    ...files.map(({ key, bytes }) => write(key, bytes)),
    write('other', randomBytes(10), { expected_sha256: hash('sha256', 'something else') }),
  ]);
  for (const [at, { key, bytes }] of files.entries()) {
    const outcome = outcomes[at]!;
    if (at < 30) {
      assert.deepEqual(outcome, { status: 'fulfilled', value: { sha256: hash('sha256', bytes), size: bytes.length } });
      assert.deepEqual(await read(key), bytes);
    } else assert.equal(outcome.status === 'rejected' && outcome.reason.code, 'already_exists');
  }
  const mismatch = outcomes.at(-1)!;
  assert.equal(mismatch.status === 'rejected' && mismatch.reason.code, 'sha256_mismatch');
  assert.equal(await disk.head({ bucket: 'clean', key: 'other' }), undefined);
  assert.deepEqual(await readdir(join(directory, '.incoming')), [], 'no draft is left');
});

test('a replacing write replaces', async () => {
  await write('replaced', Buffer.from('before'));
  await write('replaced', Buffer.from('after'), { if_absent: false });
  assert.equal(String(await read('replaced')), 'after');
});

test('where the disk takes nothing the writer is told, and the next one is written', async () => {
  const no_directory = join(directory, 'a-file');
  await writeFile(no_directory, '');
  const broken = openDiskStore({ directory: no_directory });
  const input = { bucket: 'clean', key: 'a', content_type: 'text/plain', metadata: {}, max_bytes: 10, if_absent: true };
  for (let times = 0; times < 2; times++)
    await assert.rejects(broken.write({ ...input, source: Buffer.from('a') }), { code: 'ENOTDIR' });
  await broken.close();
  await write('afterwards', Buffer.from('b'));
  assert.equal(String(await read('afterwards')), 'b');
});
