import type { TransactionOf } from '@zdravo/kit/db';
import { notFound } from '@zdravo/kit/problem';
import type { Tables } from '../tables.ts';

/** @throws Problem 404. */
export async function getRun(db: TransactionOf<Tables>, id: string) {
  const run = await db.selectFrom('reports.capitation_runs').selectAll().where('id', '=', id).executeTakeFirst();
  if (!run) throw notFound('There is no such capitation report.', 'capitation_report_not_found');
  return run;
}
