import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFileKeyProvider, createOpeningKeyProvider, createSealingKeyProvider } from '@zdravo/kit/keys';

function run(...args: string[]) {
  return new Promise<{ code: number; output: string }>((resolve) => {
    execFile(process.execPath, [join(import.meta.dirname, 'keys.ts'), ...args], (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr }),
    );
  });
}

test('a key file is made once, for its owner only, and rotated; no key is printed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'zdravo-keys-'));
  const file = join(folder, 'il.json');
  assert.equal((await run('init', file)).code, 0);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const first = await readFile(file, 'utf8');
  assert.match((await run('init', file)).output, /left alone/);
  assert.equal(await readFile(file, 'utf8'), first);
  const context = { module: 'il', purpose: 'request', owner_id: 'a' };
  const wrapped = await (await createFileKeyProvider(file)).wrap(new Uint8Array(32), context);
  const rotated = await run('rotate', file);
  assert.match(rotated.output, /^generation 2 seals/);
  const keys = await createFileKeyProvider(file);
  assert.equal(keys.current_key_id(), '2');
  assert.ok(Buffer.alloc(32).equals(await keys.unwrap(wrapped, context)));
  const { keys: texts } = JSON.parse(await readFile(file, 'utf8')) as { keys: Record<string, string> };
  assert.ok(Object.values(texts).every((key) => !rotated.output.includes(key)));
  assert.equal((await run('rotate', join(folder, 'missing.json'))).code, 1);
  assert.equal((await run('destroy', file)).code, 1);
  await rm(folder, { recursive: true });
});

test('the public halves go to a file of their own, which seals and does not open', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'zdravo-keys-'));
  const [file, public_file] = [join(folder, 'linker.json'), join(folder, 'linker.public.json')];
  await run('init', file);
  assert.equal((await run('public', file)).code, 1);
  assert.equal((await run('public', file, public_file)).code, 0);
  const context = { module: 'mpi', purpose: 'epoch', owner_id: 'a' };
  const wrapped = await (await createSealingKeyProvider(public_file)).wrap(new Uint8Array(32), context);
  const opened = await (await createOpeningKeyProvider(file)).unwrap(wrapped, context);
  assert.ok(Buffer.alloc(32).equals(opened));
  const { keys } = JSON.parse(await readFile(file, 'utf8')) as { keys: Record<string, string> };
  assert.ok(!(await readFile(public_file, 'utf8')).includes(keys['1']!));
  await rm(folder, { recursive: true });
});
