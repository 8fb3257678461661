import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { generateSignerKey, parseSigner, SIGNATURE_TYPES } from '@zdravo/tlog';
import { sql } from 'kysely';
import { addClinic, addDeclaration, type ReportsUnderTest, startReportsForTest } from '../testing.ts';
import { reproduceRun } from './reproduce.ts';
import { runCapitation } from './run.ts';

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

/** As the job does it every five minutes. */
const resume = () =>
  under.reports.jobs.find(({ name }) => name === 'resume_capitation_runs')!.run({}, { signal: undefined });

/** A process of its own that computes a month. */
function startRun(month: string): { child: ChildProcess; putting: Promise<void> } {
  const script = join(import.meta.dirname, 'kill-me.ts');
  const child = spawn(process.execPath, [script, under.subscriptions.reports_url, month, key]);
  let complaint = '';
  child.stderr.on('data', (chunk) => {
    complaint += chunk;
  });
  const putting = new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('exit', () => reject(new Error(complaint || 'it was killed')));
  });
  putting.catch(() => {});
  return { child, putting };
}

async function killed(child: ChildProcess): Promise<void> {
  child.removeAllListeners('exit');
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
}

test('a run that was killed while it put its files goes on and puts the bytes that it had fixed', async () => {
  const { child, putting } = startRun('2026-11-01');
  await putting;
  await assert.rejects(runCapitation(under.reports.deps, '2026-11-01'), { code: 'capitation_running' });
  await killed(child);
  const before_resume = await runOf('2026-11-01');
  assert.equal(before_resume.state, 'publishing');
  await untilUnlocked();
  await resume();
  const run = await runOf('2026-11-01');
  assert.deepEqual(
    [run.state, run.id, run.manifest_sha256],
    ['published', before_resume.id, before_resume.manifest_sha256],
  );
  assert.equal(under.published.size, 22);
  assert.ok((await reproduceRun(under.reports.deps, run.id)).same_lines);
});

/** Each step is held up by a lock that it needs, half done, until its process is dead. */
for (const [step, month, table] of [
  ['gathering', '2026-10-01', 'ops.declaration_heads'],
  ['gathering', '2026-09-01', 'reports.capitation_legal_entities'],
  ['deciding', '2026-08-01', 'reports.capitation_lines'],
] as const)
  test(`a run that was killed while ${step}, held up at ${table}, goes on and counts nobody twice`, async () => {
    await under.replica.query(`begin; lock table ${table} in access exclusive mode`);
    const { child } = startRun(month);
    await untilHeldUp(table);
    await assert.rejects(runCapitation(under.reports.deps, month), { code: 'capitation_running' });
    await killed(child);
    const before_resume = await runOf(month);
    assert.equal(before_resume.state, step);
    await under.replica.query('rollback');
    await untilUnlocked();
    await resume();
    const run = await runOf(month);
    assert.deepEqual([run.state, run.id], ['published', before_resume.id]);
    const { rows } = await under.replica.query(
      'select declaration_count from reports.capitation_lines where run_id = $1 and for_month = $2',
      [run.id, month],
    );
    assert.deepEqual(rows, [{ declaration_count: 12 }]);
    const again = await reproduceRun(under.reports.deps, run.id);
    assert.ok(again.same_lines && again.files.every(({ same }) => same));
  });

/** A statement waits for the table's lock: for nobody but a run's. */
async function untilHeldUp(table: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const { rowCount } = await under.replica.query(
      'select from pg_locks where relation = $1::regclass and not granted',
      [table],
    );
    if (rowCount !== 0) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('no run was held up within 10 s');
}

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
  await resume();
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
