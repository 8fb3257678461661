import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { cutSmallBuffersFromSmallBlocks } from './memory.ts';

test('a small Buffer keeps no more than a small block', () => {
  cutSmallBuffersFromSmallBlocks();
  // What is left of the block in use comes first.
  const small = Array.from({ length: 5_000 }, () => Buffer.from('a digest of thirty-two bytes, say'));
  assert.equal(small.at(-1)!.buffer.byteLength, 8 * 1024);
});

test('V8 knows the flags that are set: it tells of an unknown one by a line on the standard error only', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--v8-options']);
  const set = (await readFile(join(import.meta.dirname, 'memory.ts'), 'utf8')).matchAll(
    /setFlagsFromString\(.(--[a-z-]+)/g,
  );
  const flags = [...set].map(([, flag]) => flag!);
  assert.equal(flags.length, 2);
  for (const flag of flags) assert.ok(stdout.includes(`  ${flag} `), flag);
});
