import { randomUUID } from 'node:crypto';
import { daysBefore } from '@zdravo/kit/clock';
import type { Job } from '@zdravo/kit/jobs';
import type { IlDeps } from '../deps.ts';
import { checkContainers, checkSignatures } from './check-container.ts';
import { checkDeclarations } from './check-declarations.ts';
import { checkDocuments } from './check-documents.ts';
import { checkOrders, createEmployees, repeatDismissals } from './check-employees.ts';
import { checkEnds } from './check-ends.ts';
import { checkRequests } from './check-requests.ts';
import { checkSlots } from './check-slots.ts';
import { createFindings, type ReconciliationReport } from './report.ts';
import { newRun } from './run.ts';

/** Nightly; on demand a row of `il.reconciliations` asks for it and its id comes with the job (`npm run reconcile`). */
export function reconciliationJob(deps: IlDeps): Job {
  return {
    name: 'reconcile',
    schedule: '30 2 * * *',
    run: async (payload) => {
      const { id = randomUUID() } = (payload ?? {}) as { id?: string };
      await reconcile(deps, id);
      await deleteOldReports(deps);
    },
  };
}

const report_kept_days = 365;

async function deleteOldReports({ db, clock }: IlDeps): Promise<void> {
  const before = daysBefore(clock.now(), report_kept_days);
  await db.deleteFrom('il.reconciliations').where('requested_at', '<', before).execute();
}

/**
 * Compares what this module, the patient index, Operations, media and partners hold of the same declarations, repairs forward
 * what can be repaired, and reports the rest. Every step may be repeated; a run that was cut off is simply run again.
 */
export async function reconcile(deps: IlDeps, id: string): Promise<ReconciliationReport> {
  const started_at = deps.clock.now().toISOString();
  await deps.db
    .insertInto('il.reconciliations')
    .values({ id, started_at })
    .onConflict((one) => one.column('id').doUpdateSet({ started_at }))
    .execute();
  const findings = createFindings(deps.log);
  const run = newRun(deps, id, findings);
  const employees = createEmployees(run);
  await checkRequests(run);
  await checkEnds(run);
  await checkDeclarations(run, employees);
  await checkContainers(run);
  await checkSignatures(run);
  await checkDocuments(run);
  await checkSlots(run);
  await repeatDismissals(run, employees);
  await checkOrders(run, employees);
  const report = findings.report();
  await deps.db
    .updateTable('il.reconciliations')
    .set({ finished_at: deps.clock.now().toISOString(), report: JSON.stringify(report) })
    .where('id', '=', id)
    .execute();
  const open = report.findings.reduce((sum, finding) => sum + finding.open, 0);
  if (open > 0) deps.log.error({ reconciliation_id: id, open }, 'reconciliation leaves findings for people');
  return report;
}
