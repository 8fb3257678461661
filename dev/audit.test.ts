import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

test('an audit that cannot begin says why, and stops the server that it started', async () => {
  const data = await mkdtemp(join(tmpdir(), 'zdravo-audit-'));
  try {
    const env = { ...process.env, ZDRAVO_DATA: data, NODE_NO_WARNINGS: '1' };
    const { code, output } = await new Promise<{ code: unknown; output: string }>((resolve) => {
      execFile(process.execPath, [join(import.meta.dirname, 'audit.ts')], { env }, (error, stdout, stderr) =>
        resolve({ code: error?.code, output: stdout + stderr }),
      );
    });
    assert.equal(code, 2, output);
    assert.match(output, /mcs\.json/);
    const left = await readdir(join(data, 'postgres'));
    assert.ok(left.includes('PG_VERSION') && !left.includes('postmaster.pid'), left.join());
  } finally {
    await rm(data, { recursive: true, force: true });
  }
});
