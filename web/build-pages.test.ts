import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { buildPages } from './build-pages.ts';

test('the bundle carries the addresses of the routes that pages call, and nothing of their schemas or of a server', async () => {
  const assets = join(await buildPages(), 'assets');
  const scripts = (await readdir(assets)).filter((file) => file.endsWith('.js'));
  const text = (await Promise.all(scripts.map((file) => readFile(join(assets, file), 'utf8')))).join('\n');
  assert.ok(text.includes('/oauth/users/actions/init_factor'));
  for (const foreign of ['additionalProperties', 'typebox', 'fastify', 'node:crypto', '/api/declaration_requests'])
    assert.ok(!text.includes(foreign), foreign);
  assert.ok(gzipSync(text).length < 200_000, `${gzipSync(text).length} bytes`);
});
