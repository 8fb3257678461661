import { randomUUID } from 'node:crypto';
import type { ReconciliationReport } from '@zdravo/il';
import { ConfigError } from '@zdravo/kit/config';
import pg from 'pg';
import { describeFailure } from './failures.ts';
import { findRunningDatabases } from './running-databases.ts';
import { readSettings } from './settings.ts';

// `npm run reconcile [-- --json]`: asks a running platform to compare its registers now, waits, and prints what was found.
// Exit code: 0 nothing is open, 1 something is left for people, 2 it could not be done.

const taken_within_ms = 60_000;

try {
  const report = await reconcile();
  if (process.argv.includes('--json')) console.log(JSON.stringify(report));
  else describe(report);
  process.exitCode = report.findings.some((finding) => finding.open > 0) ? 1 : 0;
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = 2;
}

async function reconcile(): Promise<ReconciliationReport> {
  const { platform } = await findRunningDatabases(readSettings());
  const client = new pg.Client({ connectionString: platform, application_name: 'reconcile' });
  await client.connect();
  try {
    const id = randomUUID();
    await client.query('insert into il.reconciliations (id) values ($1)', [id]);
    // One attempt: whoever asked sees the failure and asks again.
    await client.query(
      `select graphile_worker.add_job('reconcile', json_build_object('id', $1::text), max_attempts => 1)`,
      [id],
    );
    return await finished(client, id);
  } finally {
    await client.end();
  }
}

async function finished(client: pg.Client, id: string): Promise<ReconciliationReport> {
  const asked_at = Date.now();
  for (;;) {
    const { rows } = await client.query<{ started: boolean; report: ReconciliationReport | null; has_failed: boolean }>(
      `select started_at is not null as started, report, not exists (
         select from graphile_worker.jobs job join graphile_worker._private_jobs one on one.id = job.id
         where job.task_identifier = 'reconcile' and one.payload ->> 'id' = $1::text and job.attempts < job.max_attempts
           or job.task_identifier = 'reconcile' and one.payload ->> 'id' = $1::text and job.locked_at is not null
       ) as has_failed from il.reconciliations where id = $1::uuid`,
      [id],
    );
    const { started, report, has_failed } = rows[0]!;
    if (report) return report;
    if (has_failed) throw new ConfigError(['the comparison failed: see the log of the platform']);
    if (!started && Date.now() - asked_at > taken_within_ms)
      throw new ConfigError(['no platform took the order up: does one run over this database?']);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function describe({ checked, findings }: ReconciliationReport): void {
  const looked = Object.entries(checked).map(([what, count]) => `${count} ${what}`);
  console.log(`Compared: ${looked.join(', ') || 'nothing is there yet'}.`);
  if (findings.length === 0) console.log('Everything fits.');
  for (const { meaning, repaired, open, open_ids } of findings) {
    console.log(`${meaning}: ${repaired} repaired, ${open} for people to look at.`);
    for (const id of open_ids) console.log(`  ${id}`);
  }
}
