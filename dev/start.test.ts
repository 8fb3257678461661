import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createClient, httpTransport } from '@zdravo/kit/client';
import { migrateJobs } from '@zdravo/kit/jobs';
import { createKeyFile, keyMigrations } from '@zdravo/kit/keys';
import { createTestDatabase, freePort } from '@zdravo/kit/testing';
import { createLogFolder, migrations as opsMigrations } from '@zdravo/ops';
import { contract as opsContract } from '@zdravo/ops/contract';

const directory = await mkdtemp(join(tmpdir(), 'zdravo-start-'));
const children = new Set<ChildProcess>();
after(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(directory, { recursive: true, force: true });
});
const ports = (await Promise.all([freePort(), freePort(), freePort()])).map(String);

/** Runs `npm start`'s program until it says that it is ready. */
async function start(environment: Record<string, string>, ...modules: string[]) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'start.ts'), ...modules], {
    env: { ...process.env, ZDRAVO_DATA: directory, ...environment },
  });
  children.add(child);
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
      const ready = /^ready (?:\w+ )?(\S+)$/m.exec(output);
      if (ready) resolve(ready[1]);
    });
    void ended.then(() => resolve(undefined));
  });
  return { address, ended, output: () => output, stop: (signal: NodeJS.Signals = 'SIGTERM') => child.kill(signal) };
}

test('npm start serves from nothing, stops cleanly, and a warm start finds what was there', async () => {
  for (const round of ['cold', 'warm']) {
    const platform = await start({ ZDRAVO_PORT: ports[0]! });
    assert.ok(platform.address, `${round} start: ${platform.output()}`);
    assert.equal((await fetch(`${platform.address}/health/ready`)).status, 200);
    const regions = (await (await fetch(`${platform.address}/api/uaddresses/regions`)).json()) as { data: unknown[] };
    assert.ok(regions.data.length >= 25);
    platform.stop();
    assert.equal(await platform.ended, 0, platform.output());
  }
});

test('after a kill -9 it starts again over the same data; two at once are refused', async () => {
  const killed = await start({ ZDRAVO_PORT: ports[1]! });
  assert.ok(killed.address, killed.output());
  const second = await start({ ZDRAVO_PORT: ports[2]! });
  assert.equal(await second.ended, 1);
  assert.match(second.output(), /data folder is in use/);
  killed.stop('SIGKILL');
  await killed.ended;
  const again = await start({ ZDRAVO_PORT: ports[1]! });
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

test('a module starts alone over a migrated database, tells of its health, and refuses wrong settings and old databases', async () => {
  const callers = { il: 'a-secret-of-the-integration-layer' };
  const folder = await mkdtemp(join(tmpdir(), 'zdravo-alone-'));
  await createKeyFile(join(folder, 'ops.json'));
  const { log } = await createLogFolder(join(folder, 'log'), 'log.example/ops');
  await writeFile(join(folder, 'log', 'policy'), `log ${log}\nquorum none\n`);
  const database = await createTestDatabase('ops_with_jobs', {
    migrations: [opsMigrations],
    prepare: (url) => migrateJobs(url, 'zdravo_ops'),
  });
  const keys = await createTestDatabase('keys', { migrations: [keyMigrations] });
  const environment = {
    OPS_PORT: ports[0]!,
    OPS_DATABASE_URL: database.url,
    OPS_KEYS_DATABASE_URL: keys.url,
    OPS_KEY_FILE: join(folder, 'ops.json'),
    OPS_LOG_FOLDER: join(folder, 'log'),
    OPS_CALLERS: `il:${callers.il}`,
  };
  const ops = await start(environment, 'ops');
  assert.ok(ops.address, ops.output());
  assert.equal((await fetch(`${ops.address}/health/ready`)).status, 200);
  const client = createClient(opsContract, httpTransport(ops.address), { caller: 'il', secret: callers.il });
  assert.match((await client.latestHead({}, { request_id: 'alone' })).hash, /^\\x[0-9a-f]{64}$/);
  ops.stop();
  assert.equal(await ops.ended, 0);

  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const wrong = await start({ ...environment, OPS_CALLERS: 'il' }, 'ops');
  assert.equal(await wrong.ended, 1);
  assert.match(wrong.output(), /OPS_CALLERS must be names and secrets/);
  const old = await start({ ...environment, OPS_DATABASE_URL: keys.url }, 'ops');
  assert.equal(await old.ended, 1);
  assert.match(old.output(), /older than this program.*0001_declarations\.sql/);
  for (const [name, value, told] of [
    ['OPS_DATABASE_URL', `${database.url}_nowhere`, /OPS_DATABASE_URL: the database does not let this program in/],
    ['OPS_KEYS_DATABASE_URL', 'postgres://nobody@127.0.0.1:1/keys', /OPS_KEYS_DATABASE_URL: .*ECONNREFUSED/],
    ['OPS_KEYS_DATABASE_URL', database.url, /OPS_KEYS_DATABASE_URL: .*npm run migrate/],
    ['OPS_KEY_FILE', join(folder, 'none.json'), /OPS_KEY_FILE: .* cannot be read/],
    ['OPS_KEY_FILE', '', /OPS_KEY_FILE is required by ZDRAVO_KEYS=file/],
    ['OPS_LOG_FOLDER', folder, /OPS_LOG_FOLDER: .*npm run log -- init/],
    ['OPS_PORT', String((taken.address() as AddressInfo).port), /OPS_PORT: port \d+ of 127.0.0.1 cannot be had/],
    ['OPS_PROT', '1', /OPS_PROT is no setting; is OPS_PORT meant/],
  ] as const) {
    const refused = await start({ ...environment, [name]: value }, 'ops');
    assert.equal(await refused.ended, 1);
    assert.match(refused.output(), told);
    assert.ok(refused.output().trim().split('\n').length <= 2, refused.output());
  }
  taken.close();
  const unknown = await start(environment, 'opps');
  assert.equal(await unknown.ended, 1);
  assert.match(unknown.output(), /no module is called opps/);
  await Promise.all([database.drop(), keys.drop(), rm(folder, { recursive: true })]);
});
