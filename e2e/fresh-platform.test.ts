import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ReconciliationReport } from '@zdravo/il';
import { settableClock } from '@zdravo/kit/clock';
import { startStage, type TestStage } from './stage.ts';

// What `npm start` fills in is as whole as if people had signed it.

const clock = settableClock(new Date().toISOString(), 'Europe/Kyiv');
let stage: TestStage;
before(async () => {
  stage = await startStage({ clock, with_country: true });
});
after(() => stage?.close());

async function reconcile(): Promise<ReconciliationReport> {
  clock.advance(1_000);
  await stage.platform.runJob('reconcile');
  const [last] = await stage.query(
    'platform',
    'select report from il.reconciliations where report is not null order by finished_at desc limit 1',
  );
  const { checked, findings } = last!['report'] as ReconciliationReport;
  // The upgrade's job works beside the comparison, which may meet a container between its store and its leaf.
  return { checked, findings: findings.filter(({ kind }) => kind !== 'upgrade_unlogged') };
}

test('the comparison of the registers finds nothing on a fresh platform', async () => {
  // Older than the time that processes are given, or nothing would be looked at.
  clock.advance(15 * 60_000);
  const { checked, findings } = await reconcile();
  assert.equal(checked['declarations'], 360);
  assert.equal(checked['signed requests'], 360);
  assert.equal(checked['containers'], 360);
  assert.equal(checked['slots'], 360);
  assert.deepEqual(findings, []);
});

test('a request of the generated country that is lost is made again as it was', async () => {
  const row = () =>
    stage.query(
      'platform',
      `select to_jsonb(request) - array['updated_at', 'method'] as row from il.declaration_requests request order by id limit 1`,
    );
  const [before] = await row();
  const { id } = before!['row'] as { id: string };
  await stage.query('platform', 'delete from il.declaration_requests where id = $1', [id]);
  const { findings } = await reconcile();
  assert.deepEqual(
    findings.map(({ kind, repaired, open }) => ({ kind, repaired, open })),
    [{ kind: 'request_missing', repaired: 1, open: 0 }],
  );
  assert.deepEqual(await row(), [before]);
  assert.deepEqual((await reconcile()).findings, []);
});

/** Jobs by what they delete, as docs/security/threat-model.md has them. */
async function deletingJobs(): Promise<string[]> {
  const page = await readFile(join(import.meta.dirname, '..', 'docs', 'security', 'threat-model.md'), 'utf8');
  const [, section] = page.split('## Retention');
  const rows = section!.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
  return rows.flatMap(([, data = '', , by = '']) => {
    const names = [...by.matchAll(/`([A-Za-z_]+)`/g)].map(([, name]) => name!);
    const modules = [...data.matchAll(/`([a-z]+)`/g)].map(([, module]) => module!);
    return names.flatMap((name) =>
      name.includes('MODULE') ? modules.map((module) => name.replace('MODULE', module)) : [name],
    );
  });
}

test('every job that the retention table names is there and runs', async () => {
  const names = await deletingJobs();
  assert.ok(names.length > 25, `${names.length} jobs`);
  // These two are given one message each, by the queue.
  const timed = names.filter((name) => !['send_sms', 'send_mail'].includes(name));
  for (const name of timed) await stage.platform.runJob(name);
});
