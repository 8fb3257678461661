import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openDevelopmentAuthority } from './certificates.ts';
import { keptSecret } from './databases.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zdravo-kept-'));
});
after(() => rm(folder, { recursive: true }));

test('whoever asks for a secret at once with others gets the same whole one', async () => {
  const path = join(folder, 'kept.password');
  const secrets = await Promise.all(Array.from({ length: 64 }, () => keptSecret(path)));
  assert.match(secrets[0]!, /^[0-9a-f]{36}$/);
  assert.deepEqual(new Set(secrets), new Set([await readFile(path, 'utf8')]));
  assert.deepEqual(await readdir(folder), ['kept.password']);
});

test('a file that holds nothing is no secret', async () => {
  const path = join(folder, 'empty.password');
  await writeFile(path, '');
  await assert.rejects(keptSecret(path), /empty\.password is empty/);
});

test('processes that make the authority of a machine at once agree on one', async () => {
  const authorities = await Promise.all(
    Array.from({ length: 8 }, () => openDevelopmentAuthority(join(folder, 'authority'), 'http://localhost:1')),
  );
  assert.equal(new Set(authorities.map((one) => one.certificate_pem)).size, 1);
});
