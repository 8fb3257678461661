import { type Figure, type FigureSource, gauge, type Sample } from '@zdravo/kit/metrics';
import { type Kysely, sql } from 'kysely';
import { replicaStatus } from './replica/readiness.ts';
import type { Tables } from './tables.ts';

/** How far behind its sources this process computes, how its runs stand, and what waits for people. */
export function reportsFigures(db: Kysely<Tables>): FigureSource {
  return {
    name: 'reports',
    read: async () => (await Promise.all([replicaFigures(db), runFigures(db)])).flat(),
  };
}

/** As this database knows it: the keeper's word, and how old that is. */
async function replicaFigures(db: Kysely<Tables>): Promise<Figure[]> {
  const sources = await replicaStatus(db);
  const now = Date.now();
  const samples = (read: (source: (typeof sources)[number]) => number): Sample[] =>
    sources.map((one) => ({ labels: { source: one.source }, value: read(one) }));
  const behind_s = ({ lag_s, measured_at }: (typeof sources)[number]) =>
    measured_at === null ? Number.POSITIVE_INFINITY : (lag_s ?? 0) + (now - Date.parse(measured_at)) / 1_000;
  return [
    gauge(
      'zdravo_reports_replica_behind_seconds',
      'How far behind the replica may be: the lag that was measured last, and the time since',
      samples(behind_s),
    ),
    gauge(
      'zdravo_reports_replica_ready',
      'Whether all tables are copied and followed, so that a month can be computed',
      samples(({ ready, slot_state }) => Number(ready && slot_state !== 'lost')),
    ),
  ];
}

type RunRow = { failed: number; open: number; open_s: number; published_at: number; signals: number };

async function runFigures(db: Kysely<Tables>): Promise<Figure[]> {
  const { rows } = await sql<RunRow>`
    select count(*) filter (where is_last and state = 'failed') as failed,
      count(*) filter (where state not in ('published', 'failed')) as open,
      coalesce(extract(epoch from now() - min(started_at) filter (where state not in ('published', 'failed'))), 0)::float8 as open_s,
      coalesce(extract(epoch from max(published_at)), 0)::float8 as published_at,
      (select count(*) from reports.signals where state = 'new') as signals
    from (select *, started_at = max(started_at) over (partition by billing_month) as is_last
      from reports.capitation_runs) runs`.execute(db);
  const { failed, open, open_s, published_at, signals } = rows[0]!;
  return [
    gauge('zdravo_capitation_failed_months', 'Months whose last run failed', failed),
    gauge('zdravo_capitation_open_runs', 'Runs that are not published', open),
    gauge('zdravo_capitation_open_oldest_seconds', 'How long ago the oldest of them began', open_s),
    gauge('zdravo_capitation_published_timestamp_seconds', 'When a month was last published', published_at),
    gauge('zdravo_signals_new', 'Signs of fraud that nobody has taken up', signals),
  ];
}
