import { type Figure, type FigureSource, gauge } from '@zdravo/kit/metrics';
import { sql } from 'kysely';
import type { IlDatabase } from './deps.ts';
import { finding_kinds, type ReconciliationReport } from './reconciliation/report.ts';

/** What the processes left open: signatures, findings of the comparison of the registers, and whoever surfs for persons. */
export function ilFigures(db: IlDatabase): FigureSource {
  return {
    name: 'il',
    read: async () => {
      const figures = [signingFigures(db), reconciliationFigures(db), canaryFigures(db)];
      return (await Promise.all(figures)).flat();
    },
  };
}

async function signingFigures(db: IlDatabase): Promise<Figure[]> {
  const { rows } = await sql<{ unfinished: number; oldest_s: number }>`
    select count(*) as unfinished, coalesce(extract(epoch from now() - min(updated_at)), 0)::float8 as oldest_s
    from il.declaration_requests where status = 'SIGNING'`.execute(db);
  const { unfinished, oldest_s } = rows[0]!;
  return [
    gauge('zdravo_signings_unfinished', 'Accepted signatures whose declaration does not stand yet', unfinished),
    gauge('zdravo_signings_unfinished_oldest_seconds', 'Age of the oldest of them', oldest_s),
  ];
}

/** Of the last comparison that ended; every kind is told, so that an alert sees it come and go. */
async function reconciliationFigures(db: IlDatabase): Promise<Figure[]> {
  const last = await db
    .selectFrom('il.reconciliations')
    .select(['finished_at', 'report'])
    .where('finished_at', 'is not', null)
    .orderBy('finished_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  const findings = new Map(
    ((last?.report ?? undefined) as ReconciliationReport | undefined)?.findings.map((one) => [one.kind, one]),
  );
  const samples = (read: 'open' | 'repaired') =>
    (Object.keys(finding_kinds) as (keyof typeof finding_kinds)[]).map((kind) => ({
      labels: { kind },
      value: findings.get(kind)?.[read] ?? 0,
    }));
  const finished_at = last?.finished_at ? Date.parse(last.finished_at) / 1_000 : 0;
  return [
    gauge('zdravo_reconciliation_open', 'What the last comparison of the registers leaves to people', samples('open')),
    gauge('zdravo_reconciliation_repaired', 'What it repaired', samples('repaired')),
    gauge('zdravo_reconciliation_finished_timestamp_seconds', 'When it ended', finished_at),
  ];
}

async function canaryFigures(db: IlDatabase): Promise<Figure[]> {
  const { rows } = await sql<{ reason: string; raised: number }>`
    select reason, count(*) as raised from il.search_canaries where raised_at > now() - interval '1 hour' group by 1`.execute(
    db,
  );
  const samples = rows.map(({ reason, raised }) => ({ labels: { reason }, value: raised }));
  return [gauge('zdravo_search_canaries_last_hour', 'Searches for persons that looked like browsing', samples)];
}
