import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { access, appendFile, mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
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
  await killWhen('backup.ts', `${archive}.unfinished`, async () => {
    await assert.rejects(startPlatform(readSettings({ ZDRAVO_DATA: data })), /data folder is in use/);
  });
  await assert.rejects(access(archive), { code: 'ENOENT' });
  await backUp(data, archive);
  assert.deepEqual((await readdir(copies)).sort(), ['copy.tar.gz', 'copy.tar.gz.sha256']);
  assert.equal((await stat(archive)).mode & 0o777, 0o600, 'it holds keys');
  await assert.rejects(backUp(data, archive), /is there already/);
  await assert.rejects(backUp(data, join(data, 'copy.tar.gz')), /in what it is a copy of/);
  await assert.rejects(restore(archive, data), /is not empty/);
  await rm(data, { recursive: true });

  await killWhen('restore.ts', join(data, 'postgres'));
  await assert.rejects(startPlatform(readSettings({ ZDRAVO_DATA: data })), /a restore was broken off/);
  await assert.rejects(backUp(data, `${archive}.other`), /a restore was broken off/);
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

  await rm(data, { recursive: true });
  await appendFile(archive, 'x');
  await assert.rejects(restore(archive, data), /The copy is damaged/);
  await truncate(archive, 100_000);
  await assert.rejects(restore(archive, data), /The copy is damaged/);
  await rm(`${archive}.sha256`);
  await assert.rejects(restore(archive, data), /sha256 is missing/);
  await rm(archive);
  await assert.rejects(restore(archive, data), /is no file that can be read/);
  await assert.rejects(access(data), { code: 'ENOENT' });
});

test('what is no archive breaks a restore off, and the next one begins it again', async () => {
  const nothing = join(copies, 'nothing.tar.gz');
  await writeFile(nothing, 'no archive');
  await writeFile(`${nothing}.sha256`, `${hash('sha256', 'no archive')}  nothing.tar.gz\n`);
  await assert.rejects(restore(nothing, data), /tar ended with/);
  await assert.rejects(restore(nothing, data), /tar ended with/);
});

/** Runs a command until a file appears, and kills it with -9. */
async function killWhen(program: string, file: string, meanwhile = async () => {}): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, program), archive], {
    env: { ...process.env, ZDRAVO_DATA: data },
  });
  const ended = once(child, 'exit');
  const appears = (async () => {
    while ((await stat(file).catch(() => undefined)) === undefined)
      await new Promise((resolve) => setTimeout(resolve, 5));
    return true;
  })();
  assert.ok((await Promise.race([appears, ended])) === true, `${program} ended before ${file} was there`);
  await meanwhile();
  child.kill('SIGKILL');
  assert.deepEqual(await ended, [null, 'SIGKILL'], program);
}
