import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { migrations as authMigrations } from '@zdravo/auth';
import { createTestDatabase, withClient } from '@zdravo/kit/testing';
import { processes, settings_of_processes } from './index.ts';
import {
  development_marker,
  refuseDevelopmentFiles,
  refuseDevelopmentSignIns,
  requireHttps,
} from './production-guard.ts';

const directory = await mkdtemp(join(tmpdir(), 'zdravo-guard-'));
after(() => rm(directory, { recursive: true }));

const outside = '0.0.0.0';

test('keys and folders of npm start serve on this machine only, however deep they lie', async () => {
  await mkdir(join(directory, 'data', 'keys'), { recursive: true });
  await writeFile(join(directory, 'data', development_marker), '');
  const inside = join(directory, 'data', 'keys', 'il.json');
  await refuseDevelopmentFiles('127.0.0.1', { IL_KEY_FILE: inside });
  await refuseDevelopmentFiles(outside, { IL_KEY_FILE: join(directory, 'il.json'), MCS_FOLDER: undefined });
  await assert.rejects(
    refuseDevelopmentFiles(outside, { IL_KEY_FILE: inside, AUTH_KEY_FILE: join(directory, 'auth.json') }),
    ({ message }: Error) => message.includes('IL_KEY_FILE lies in a data folder') && !message.includes('AUTH_KEY_FILE'),
  );
});

test('no process that holds a key file starts with one of npm start beyond this machine', async () => {
  const inside = join(directory, 'data', 'keys', 'il.json');
  const url = 'postgres://nobody@localhost:1/nothing';
  const secret = 's'.repeat(24);
  const given: Record<string, string> = { ZDRAVO_HOST: outside };
  for (const { properties } of Object.values(settings_of_processes))
    for (const name of Object.keys(properties)) {
      if (name.endsWith('_KEY_FILE')) given[name] = inside;
      else if (name.endsWith('DATABASE_URL')) given[name] = url;
      else if (name.endsWith('_CALLERS')) given[name] = `il:${secret}`;
      else if (name.endsWith('_URL') || name.endsWith('_ENDPOINT')) given[name] = 'https://zdravo.example';
      else if (name.endsWith('_SECRET') || name.endsWith('_TOKEN')) given[name] = secret;
    }
  Object.assign(given, {
    LOGIN_CLIENT_ID: '02f0d35d-6b6d-435b-a209-8ad41d9cad8c',
    OPS_LOG_FOLDER: join(directory, 'log'),
    REPORTS_LOG_NAME: 'reports.example',
    REPORTS_S3_ACCESS_KEY_ID: 'a',
    REPORTS_S3_SECRET_ACCESS_KEY: secret,
    SMTP_HOST: 'localhost',
    SMTP_FROM: 'no-reply@zdravo.example',
    ZDRAVO_TRUST_FOLDER: directory,
  });
  const holders = Object.entries(settings_of_processes).filter(([, { properties }]) =>
    Object.keys(properties).some((name) => name.endsWith('_KEY_FILE')),
  );
  assert.deepEqual(
    holders.map(([name]) => name),
    ['platform', 'mpi', 'mpi-linker', 'mpi-review', 'ops', 'reports'],
  );
  for (const [name] of holders) await assert.rejects(processes[name]!(given), /_KEY_FILE lies in a data folder/, name);
});

test('a database with sign-ins of npm start is not served to others until they are blocked', async () => {
  const database = await createTestDatabase('production_guard', { migrations: [authMigrations] });
  await refuseDevelopmentSignIns(outside, database.url);
  await withClient(database.url, async (client) => {
    await client.query(`insert into auth.users (id, email) values (gen_random_uuid(), 'officer@myexample.com')`);
    await refuseDevelopmentSignIns(outside, database.url);
    for (const email of ['demo-mis-1@example.com', 'doctor.1@clinic-1.Example.com']) {
      await client.query('insert into auth.users (id, email) values (gen_random_uuid(), $1)', [email]);
      await refuseDevelopmentSignIns('localhost', database.url);
      await assert.rejects(refuseDevelopmentSignIns(outside, database.url), /PLATFORM_DATABASE_URL holds sign-ins/);
      await client.query('update auth.users set is_blocked = true');
    }
  });
  await refuseDevelopmentSignIns(outside, database.url);
  await database.drop();
});

test('beyond this machine the platform is found by https', () => {
  requireHttps({ PLATFORM_PUBLIC_URL: 'https://zdravo.example' });
  requireHttps({ PLATFORM_PUBLIC_URL: 'http://localhost:4000' });
  requireHttps({ PLATFORM_PUBLIC_URL: 'http://[::1]:4000' });
  for (const url of ['http://zdravo.example', 'http://localhost.zdravo.example', 'http://10.0.0.1'])
    assert.throws(() => requireHttps({ PLATFORM_PUBLIC_URL: url }), /PLATFORM_PUBLIC_URL must be https/);
});

test('every process names each setting that is missing or wrong, and shows no value', async () => {
  for (const [name, start] of Object.entries(processes)) {
    await assert.rejects(
      start({}),
      (error: Error) => /(\w+_DATABASE_URL|STORE_FOLDER) is required/.test(error.message),
      name,
    );
    const wrong = {
      ZDRAVO_LOG: 'a-wrong-value',
      MPI_CALLERS: 'a-wrong-value',
      MPI_SECRET: 'wrong',
      OPS_CALLERS: 'wrong',
    };
    await assert.rejects(start(wrong), ({ message }: Error) => {
      assert.match(message, /ZDRAVO_LOG must be one of/, name);
      return !message.includes('wrong');
    });
  }
});
