import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { generateSignerKey, parseSigner, SIGNATURE_TYPES } from '@zdravo/tlog';
import { sql } from 'kysely';
import { addClinic, addDeclaration, type ReportsUnderTest, startReportsForTest } from '../testing.ts';
import { reproduceRun } from './reproduce.ts';
import { resumeRuns, runCapitation } from './run.ts';

const key = generateSignerKey({ name: 'reports.example/capitation', type: SIGNATURE_TYPES.ed25519 });
let under: ReportsUnderTest;
before(async () => {
  under = await startReportsForTest({ signer: parseSigner(key) });
  const clinic = await addClinic(under);
  for (let i = 0; i < 12; i++) await addDeclaration(under, { clinic, birth_date: '1990-01-01' });
  await under.caughtUp();
});
after(() => under?.close());

const runOf = (month: string) =>
  under.reports.deps.db
    .selectFrom('reports.capitation_runs')
    .selectAll()
    .where('billing_month', '=', month)
    .executeTakeFirstOrThrow();

test('a run that was killed while it put its files goes on and puts the bytes that it had fixed', async () => {
  const child = spawn(process.execPath, [
    join(import.meta.dirname, 'kill-me.ts'),
    under.subscriptions.reports_url,
    '2026-11-01',
    key,
  ]);
  let complaint = '';
  child.stderr.on('data', (chunk) => {
    complaint += chunk;
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('exit', () => reject(new Error(complaint)));
  });
  child.removeAllListeners('exit');
  await assert.rejects(runCapitation(under.reports.deps, '2026-11-01'), { code: 'capitation_running' });
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
  const before_resume = await runOf('2026-11-01');
  assert.equal(before_resume.state, 'publishing');
  await untilUnlocked();
  await resumeRuns(under.reports.deps);
  const run = await runOf('2026-11-01');
  assert.deepEqual(
    [run.state, run.id, run.manifest_sha256],
    ['published', before_resume.id, before_resume.manifest_sha256],
  );
  assert.equal(under.published.size, 22);
  assert.ok((await reproduceRun(under.reports.deps, run.id)).same_lines);
});

test('a run that lost its connection while it gathered is not failed: it goes on', async () => {
  under.clock.set('2026-12-02T10:00:00Z');
  await sql`insert into reports.capitation_runs (id, billing_month, state, billing_moment, code_version)
    values (gen_random_uuid(), '2026-12-01', 'gathering', '2026-11-30T22:00:00Z', 'test')`.execute(
    under.reports.deps.db,
  );
  await under.replica.query('begin; lock table ops.declaration_heads in access exclusive mode');
  const running = runCapitation(under.reports.deps, '2026-12-01');
  const refused = assert.rejects(running);
  await new Promise((resolve) => setTimeout(resolve, 300));
  await under.replica.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'reports-runs' and query like 'create temporary table%' and datname = current_database()`,
  );
  await under.replica.query('rollback');
  await refused;
  assert.equal((await runOf('2026-12-01')).state, 'gathering');
  await resumeRuns(under.reports.deps);
  assert.equal((await runOf('2026-12-01')).state, 'published');
});

/** The server notices after a moment that a killed process is gone, and frees its lock. */
async function untilUnlocked(): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const { rowCount } = await under.replica.query(
      `select from pg_locks l join pg_database d on d.oid = l.database where l.locktype = 'advisory' and l.objsubid = 1 and d.datname = current_database()`,
    );
    if (rowCount === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
