import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { keyProvider, ownKeyProvider } from './key-files.ts';
import { readSettings } from './settings.ts';

test('processes that begin keys of their own at once seal under one generation, which each of them opens', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'zdravo-keys-'));
  const settings = readSettings({ ZDRAVO_DATA: folder });
  await keyProvider(settings, 'mpi');
  const providers = await Promise.all(Array.from({ length: 16 }, () => ownKeyProvider(settings, 'mpi-linkage', 'mpi')));
  const context = { module: 'mpi', purpose: 'linkage', owner_id: 'a' };
  const wrapped = await Promise.all(providers.map((one) => one.wrap(new Uint8Array(32), context)));
  for (const one of providers)
    for (const key of wrapped) assert.ok(Buffer.alloc(32).equals(await one.unwrap(key, context)));
  assert.deepEqual((await readdir(join(folder, 'keys'))).sort(), ['mpi-linkage.json', 'mpi.json']);
  await rm(folder, { recursive: true });
});
