import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createFile } from './durable-files.ts';
import { openFileCheckpointStore } from './file-checkpoint-store.ts';
import { createFileTileStore } from './file-tile-store.ts';
import { createMemoryCheckpointStore, createMemoryTileStore } from './memory-stores.ts';
import { putImmutable } from './stores.ts';
import { assertRejected } from './testing/refusals.ts';

const root = await mkdtemp(join(tmpdir(), 'tlog-files-'));
after(() => rm(root, { recursive: true }));
let directories = 0;
const freshDirectory = () => join(root, `${directories++}`, 'below');

const bytes = (text: string) => new Uint8Array(Buffer.from(text));

for (const [kind, open] of [
  ['file', openFileCheckpointStore],
  ['memory', async () => ({ ...createMemoryCheckpointStore(), close: async () => {} })],
] as const) {
  test(`a ${kind} checkpoint store swaps only what is still there`, async () => {
    const store = await open(freshDirectory());
    assert.equal(await store.get('log'), undefined);
    assert.equal(await store.compareAndSwap('log', bytes('1'), bytes('2')), false);
    assert.equal(await store.compareAndSwap('log', undefined, bytes('1')), true);
    assert.equal(await store.compareAndSwap('log', undefined, bytes('2')), false);
    assert.equal(await store.compareAndSwap('log', bytes('1'), bytes('2')), true);
    assert.deepEqual(await store.get('log'), bytes('2'));
    assert.equal(await store.get('other'), undefined);
    await store.close();
  });

  test(`of many swaps at once in a ${kind} checkpoint store exactly one wins`, async () => {
    const store = await open(freshDirectory());
    const won = await Promise.all(
      Array.from({ length: 50 }, (_, at) => store.compareAndSwap('log', undefined, bytes(`${at}`))),
    );
    assert.equal(won.filter(Boolean).length, 1);
    assert.deepEqual(await store.get('log'), bytes(`${won.indexOf(true)}`));
    await store.close();
  });
}

for (const [kind, open] of [
  ['file', createFileTileStore],
  ['memory', createMemoryTileStore],
] as const) {
  test(`a ${kind} tile store keeps what it holds`, async () => {
    const store = open(freshDirectory());
    assert.equal(await store.get('tile/0/000'), undefined);
    const stored = await Promise.all(
      Array.from({ length: 20 }, (_, at) => store.putIfAbsent('tile/0/x001/000', bytes(`${at}`))),
    );
    assert.equal(stored.filter(Boolean).length, 1);
    const held = bytes(`${stored.indexOf(true)}`);
    assert.deepEqual(await store.get('tile/0/x001/000'), held);
    await putImmutable(store, 'tile/0/x001/000', held);
    await assertRejected('tile_conflict', putImmutable(store, 'tile/0/x001/000', bytes('other')));
    await store.remove('tile/0/x001/000');
    await store.remove('tile/0/x001/000');
    assert.equal(await store.get('tile/0/x001/000'), undefined);
  });
}

test('no path leads out of a tile store, and no name out of a checkpoint store', async () => {
  const tiles = createFileTileStore(freshDirectory());
  for (const path of ['../x', '/etc/passwd', 'tile/0/../../x', 'checkpoint']) {
    await assertRejected('tile_path_invalid', tiles.putIfAbsent(path, bytes('x')));
    await assertRejected('tile_path_invalid', tiles.get(path));
  }
  const store = await openFileCheckpointStore(freshDirectory());
  for (const name of ['', '../x', 'a/b', '.', 'A', 'owner.0', 'x'.repeat(129)])
    await assertRejected('store_name_invalid', store.get(name));
  await store.close();
  await assertRejected('store_closed', store.get('log'));
});

test('a directory has one owner at a time, and none after it was closed', async () => {
  const directory = freshDirectory();
  const opened = await Promise.allSettled(Array.from({ length: 8 }, () => openFileCheckpointStore(directory)));
  const owners = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  assert.equal(owners.length, 1);
  await assertRejected('store_locked', openFileCheckpointStore(directory));
  await owners[0]!.close();
  await (await openFileCheckpointStore(directory)).close();
});

test('a file is there whole or not at all, and no half-written one stays', async () => {
  const directory = freshDirectory();
  const store = createFileTileStore(directory);
  await store.putIfAbsent('tile/0/000', new Uint8Array(8192));
  assert.equal(await createFile(join(directory, 'tile/0/000'), new Uint8Array(1)), false);
  assert.deepEqual(await readdir(join(directory, 'tile/0')), ['000']);
  assert.equal((await stat(join(directory, 'tile/0/000'))).size, 8192);
});

test('twelve times killed in the middle of its work, a store never goes back and never holds a part', async () => {
  const directory = freshDirectory();
  let last = 0;
  for (let round = 0; round < 12; round++) {
    const acknowledged = await runUntilKilled(directory, 20 + Math.random() * 120);
    const store = await openFileCheckpointStore(join(directory, 'state'));
    const [count, filling] = Buffer.from((await store.get('log')) ?? bytes('0 '))
      .toString()
      .split(' ');
    assert.ok(Number(count) >= Math.max(acknowledged, last), `${count} stored, ${acknowledged} acknowledged`);
    assert.equal(filling, Number(count) === 0 ? '' : 'x'.repeat(2000));
    last = Number(count);
    assert.deepEqual(
      (await readdir(join(directory, 'state'))).filter((name) => name.startsWith('.tmp-')),
      [],
    );
    await store.close();
  }
  assert.ok(last > 12, `${last} swaps`);
  const tiles = join(directory, 'tiles/tile/0');
  for (const name of (await readdir(tiles)).filter((file) => !file.startsWith('.tmp-'))) {
    assert.deepEqual(await readFile(join(tiles, name)), Buffer.alloc(8192, Number(name)));
  }
});

/** Starts the child, waits for its first acknowledgement and some while, kills it, and gives the last number it acknowledged. */
async function runUntilKilled(directory: string, wait_ms: number): Promise<number> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'testing/kill-me.ts'), directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  const started = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      resolve();
    });
    child.once('exit', () => resolve());
  });
  const exited = new Promise<NodeJS.Signals | null>((resolve) => child.once('close', (_, signal) => resolve(signal)));
  await started;
  await new Promise((resolve) => setTimeout(resolve, wait_ms));
  child.kill('SIGKILL');
  assert.equal(await exited, 'SIGKILL');
  const whole_lines = output.slice(0, output.lastIndexOf('\n')).split('\n');
  return Number(whole_lines.at(-1));
}
