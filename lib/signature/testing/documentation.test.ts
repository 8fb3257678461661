import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

test('the example of docs/signatures.md does what it says', () => {
  const page = readFileSync(new URL('../../../docs/signatures.md', import.meta.url), 'utf8');
  const example = /```ts\n([\s\S]+?)```/.exec(page)?.[1];
  assert.ok(example);
  const folder = mkdtempSync(join(tmpdir(), 'example-'));
  try {
    const file = join(folder, 'example.mts');
    writeFileSync(
      file,
      example.replace("'@zdravo/signature'", JSON.stringify(new URL('../index.ts', import.meta.url).href)),
    );
    const { stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8' });
    assert.equal(stdout, 'TOTAL_PASSED 0012345678\n', stderr);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
