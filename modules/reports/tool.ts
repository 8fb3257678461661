import { openDatabase } from '@zdravo/kit/db';
import { invalidField, notFound } from '@zdravo/kit/problem';
import type { Kysely } from 'kysely';
import { explainDeclaration } from './capitation/explain.ts';
import { reproduceRun } from './capitation/reproduce.ts';
import { default_settings } from './deps.ts';
import { replicaStatus } from './replica/readiness.ts';
import type { Tables } from './tables.ts';

export { recomputeTotals, type Totals } from './publication/recompute-totals.ts';

/** What the command line asks of a reports' database; nothing here writes. */
export type ReportsTool = {
  list(): Promise<unknown>;
  lag(): Promise<unknown>;
  /** By the newest published report unless one is named. */
  explain(declaration_id: string, run_id?: string): Promise<unknown>;
  reproduce(run_id: string): Promise<unknown>;
  close(): Promise<void>;
};

export async function openReportsTool(url: string): Promise<ReportsTool> {
  const { db, close } = openDatabase<Tables>({
    url,
    role: 'zdravo_reports',
    application_name: 'reports-tool',
    pool_size: 2,
    statement_timeout_ms: 600_000,
  });
  return {
    list: () =>
      db
        .selectFrom('reports.capitation_runs')
        .select(['id', 'billing_month', 'state', 'failure', 'published_at'])
        .orderBy('billing_month', 'desc')
        .execute(),
    lag: () => replicaStatus(db),
    explain: async (declaration_id, run_id) =>
      explainDeclaration(db, uuid('report', run_id ?? (await newestRun(db))), uuid('declaration', declaration_id)),
    reproduce: async (run_id) => {
      const { smallest_cell } = default_settings;
      const result = await reproduceRun({ long_db: db, settings: { smallest_cell } }, uuid('report', run_id));
      return { ...result, is_same: result.same_lines && result.files.every(({ same }) => same) };
    },
    close,
  };
}

async function newestRun(db: Kysely<Tables>): Promise<string> {
  const run = await db
    .selectFrom('reports.capitation_runs')
    .select('id')
    .where('state', '=', 'published')
    .orderBy('billing_month', 'desc')
    .executeTakeFirst();
  if (!run) throw notFound('No report has been published yet.', 'capitation_report_not_found');
  return run.id;
}

function uuid(name: string, text: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)) return text;
  throw invalidField(`$.${name}`, `the id of a ${name} expected`, 'format');
}
