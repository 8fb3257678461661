import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { figuresText } from '../metrics/index.ts';
import { createTestDatabase, type TestDatabase, testLogger } from '../testing/index.ts';
import { type Job, migrateJobs, startJobs } from './index.ts';

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

test('the figures tell which jobs wait, fail and were given up, for its own tasks only', async () => {
  const task = 'figured';
  const failed = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  const run: Job['run'] = async (payload) => {
    if ((payload as { fails?: boolean } | null)?.fails) {
      failed.resolve();
      throw new Error('the neighbour was away');
    }
    done.resolve();
  };
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const jobs = await startJobs({ url: database.url, role, log: testLogger(), jobs: [{ name: task, run }] });
  const figure = async (name: string, labels = `task="${task}"`) =>
    Number(new RegExp(`^${name}\\{${labels}\\} (\\S+)$`, 'm').exec(figuresText(await jobs.figures.read()))![1]);
  assert.equal(await figure('jobs_waiting'), 0);
  await client.query("select graphile_worker.add_job('figured', '{}')");
  await client.query(`select graphile_worker.add_job('figured', '{"fails": true}', max_attempts => 1)`);
  await Promise.all([failed.promise, done.promise]);
  await until(async () => (await figure('jobs_given_up')) === 1);
  assert.equal(await figure('jobs_failing'), 1);
  assert.equal(await figure('job_runs_total', `task="${task}",result="done"`), 1);
  assert.equal(await figure('job_runs_total', `task="${task}",result="failed"`), 1);
  await jobs.stop();
  const stopped = await startJobs({ url: database.url, role, log: testLogger(), jobs: [] });
  await client.query("select graphile_worker.add_job('figured', '{}', run_at => now() - interval '1 hour')");
  assert.deepEqual(figuresText(await stopped.figures.read()).match(/task=/g), null, 'of nobody else');
  await stopped.stop();
  const { rows } = await client.query(
    "select count(*)::int as count from graphile_worker.jobs where task_identifier = 'figured'",
  );
  assert.equal(rows[0].count, 2);
  await client.end();
});

test('how long a due job has waited is told while nobody takes it up', async () => {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const release = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const run = async () => {
    started.resolve();
    await release.promise;
  };
  const busy = { name: 'busy', run };
  const jobs = await startJobs({ url: database.url, role, log: testLogger(), jobs: [busy], concurrency: 1 });
  await client.query("select graphile_worker.add_job('busy')");
  await started.promise;
  await client.query("select graphile_worker.add_job('busy', run_at => now() - interval '1 hour')");
  const text = figuresText(await jobs.figures.read());
  assert.match(text, /^jobs_waiting\{task="busy"\} 1$/m);
  assert.match(text, /^jobs_oldest_waiting_seconds\{task="busy"\} 36\d\d(\.\d+)?$/m);
  release.resolve();
  await jobs.stop();
  await client.end();
});

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  assert.fail('it did not come about');
}
