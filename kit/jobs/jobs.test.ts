import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { createTestDatabase, type TestDatabase, testLogger } from '../testing/index.ts';
import { migrateJobs, startJobs } from './index.ts';

let database: TestDatabase;
const role = 'kit_jobs_role';

before(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'zdravo-jobs-'));
  await writeFile(
    join(directory, '0001_role.sql'),
    `do $$ begin create role ${role} nologin; exception when duplicate_object or unique_violation then null; end $$;`,
  );
  database = await createTestDatabase('kit_jobs', {
    migrations: [{ module: 'demo', directory }],
    prepare: (url) => migrateJobs(url, role),
  });
  await rm(directory, { recursive: true });
});
after(() => database?.drop());

test('a job is tried again after a failure, and timers are known to the queue', async () => {
  let attempts = 0;
  const done = Promise.withResolvers<void>();
  const jobs = await startJobs({
    url: database.url,
    role,
    log: testLogger(),
    jobs: [
      {
        name: 'fragile',
        run: async () => {
          attempts += 1;
          if (attempts === 1) throw new Error('the neighbour was away');
          done.resolve();
        },
      },
      { name: 'nightly', schedule: '0 1 * * *', run: async () => {} },
    ],
  });
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query("select graphile_worker.add_job('fragile')");
  await done.promise;
  assert.equal(attempts, 2);
  const { rows } = await client.query('select identifier from graphile_worker._private_known_crontabs');
  assert.deepEqual(rows, [{ identifier: 'nightly' }]);
  await client.end();
  await jobs.stop();
});
