import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const directory = await mkdtemp(join(tmpdir(), 'zdravo-start-'));
after(() => rm(directory, { recursive: true, force: true }));

/** Runs `npm start`'s program until it says that it is ready. */
async function start(environment: Record<string, string>) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'start.ts')], {
    env: { ...process.env, ZDRAVO_DATA: directory, ...environment },
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const address = await new Promise<string | undefined>((resolve) => {
    child.stdout.on('data', () => {
      const ready = /^ready (\S+)$/m.exec(output);
      if (ready) resolve(ready[1]);
    });
    void ended.then(() => resolve(undefined));
  });
  return { address, ended, output: () => output, stop: (signal: NodeJS.Signals = 'SIGTERM') => child.kill(signal) };
}

test('npm start serves from nothing, stops cleanly, and a warm start finds what was there', async () => {
  for (const round of ['cold', 'warm']) {
    const platform = await start({ ZDRAVO_PORT: '41730' });
    assert.ok(platform.address, `${round} start: ${platform.output()}`);
    assert.equal((await fetch(`${platform.address}/health/ready`)).status, 200);
    const regions = (await (await fetch(`${platform.address}/api/uaddresses/regions`)).json()) as { data: unknown[] };
    assert.ok(regions.data.length >= 25);
    platform.stop();
    assert.equal(await platform.ended, 0, platform.output());
  }
});

test('after a kill -9 it starts again over the same data; two at once are refused', async () => {
  const killed = await start({ ZDRAVO_PORT: '41731' });
  assert.ok(killed.address, killed.output());
  const second = await start({ ZDRAVO_PORT: '41732' });
  assert.equal(await second.ended, 1);
  assert.match(second.output(), /data folder is in use/);
  killed.stop('SIGKILL');
  await killed.ended;
  const again = await start({ ZDRAVO_PORT: '41731' });
  assert.ok(again.address, again.output());
  again.stop();
  assert.equal(await again.ended, 0);
});

test('wrong settings are refused at start, and development keys do not listen outside', async () => {
  const wrong = await start({ ZDRAVO_PORT: 'eighty' });
  assert.equal(await wrong.ended, 1);
  assert.match(wrong.output(), /ZDRAVO_PORT must be a port number/);
  const outside = await start({ ZDRAVO_HOST: '0.0.0.0' });
  assert.equal(await outside.ended, 1);
  assert.match(outside.output(), /only on the loopback address/);
});
