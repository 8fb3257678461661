import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { freePort } from '@zdravo/kit/testing';
import { backUp, restore } from './data-copy.ts';
import { type RunningPlatform, startPlatform } from './platform.ts';
import { readSettings } from './settings.ts';

const data = await mkdtemp(join(tmpdir(), 'zdravo-copied-'));
const copies = await mkdtemp(join(tmpdir(), 'zdravo-copies-'));
const archive = join(copies, 'copy.tar.gz');
after(() => Promise.all([data, copies].map((path) => rm(path, { recursive: true, force: true }))));

/** Stopped at the end at the latest: a server that outlives a failed test keeps the whole run from ending. */
async function start(t: TestContext): Promise<RunningPlatform> {
  const settings = { ZDRAVO_DATA: data, ZDRAVO_PORT: String(await freePort()), ZDRAVO_LOG: 'error' };
  const platform = await startPlatform(readSettings(settings));
  t.after(() => platform.stop());
  return platform;
}

test('a copy brings everything back: databases, keys, files, sign-ins; a running platform and a damaged copy are refused', async (t) => {
  const platform = await start(t);
  const { sign_ins } = platform;
  const head = await platform.ops.latestHead({}, { request_id: 'copied' });
  const { declarations } = await platform.ops.listDeclarations({ query: { page_size: 1 } }, { request_id: 'copied' });
  await assert.rejects(backUp(data, archive), /The platform runs/);
  await platform.stop();
  await backUp(data, archive);
  assert.deepEqual((await readdir(copies)).sort(), ['copy.tar.gz', 'copy.tar.gz.sha256']);
  await assert.rejects(restore(archive, data), /is not empty/);
  await rm(data, { recursive: true });

  await restore(archive, data);
  const restored = await start(t);
  assert.deepEqual(restored.sign_ins, sign_ins);
  const context = { request_id: 'restored', purpose: 'test' };
  assert.ok((await restored.ops.latestHead({}, context)).size >= head.size);
  const [declaration] = declarations;
  const person = await restored.mpi.getPerson({ params: { id: declaration!.person_id } }, context);
  assert.ok(person.person.last_name.length > 0);
  const container = await restored.mcs.readSignedContainer({
    resource_type: 'declaration',
    resource_id: declaration!.id,
  });
  assert.ok(container.container.length > 1000);
  await restored.stop();

  await appendFile(archive, 'x');
  await rm(data, { recursive: true });
  await assert.rejects(restore(archive, data), /The copy is damaged/);
});
