import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '@zdravo/kit/testing';

test('npm run demo plays the story on a platform of its own and leaves an environment for API tools', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'zdravo-demo-'));
  const file = join(directory, 'environment.json');
  const child = spawn(process.execPath, [join(import.meta.dirname, 'demo.ts'), '--json', file], {
    env: { ...process.env, ZDRAVO_DATA: directory, ZDRAVO_PORT: String(await freePort()) },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
    });
  assert.equal(await new Promise((resolve) => child.once('exit', resolve)), 0, output);
  assert.match(output, /the money follows the patient/);
  const environment = JSON.parse(await readFile(file, 'utf8'));
  assert.deepEqual(Object.keys(environment), ['base_url', 'tokens', 'client', 'signers', 'ids']);
  for (const who of ['mis', 'owner', 'hr', 'doctor', 'nhs_admin'])
    assert.match(environment.tokens[who], /^\w{20,}$/, who);
  for (const path of Object.values(environment.signers))
    assert.match(await readFile(path as string, 'utf8'), /BEGIN PRIVATE KEY/);
  for (const id of Object.values(environment.ids)) assert.match(id as string, /^[0-9a-f]{8}-[0-9a-f]{4}-4/);
  await rm(directory, { recursive: true, force: true });
});
