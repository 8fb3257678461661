import { outboxFigure } from '@zdravo/kit/events';
import { type Figure, type FigureSource, gauge, type Sample } from '@zdravo/kit/metrics';
import { type Kysely, sql } from 'kysely';
import type { Tables } from './tables.ts';

/** After a load millions wait: what is asked four times a minute does not count them all. */
const counted_at_most = 100_000;

/** What waits in the index: for the log, for people; and who may not search. */
export function mpiFigures(db: Kysely<Tables>): FigureSource {
  return {
    name: 'mpi',
    read: async () => {
      const figures = [versionFigures(db), reviewFigures(db), lockFigures(db), outboxFigure(db, 'mpi')];
      return (await Promise.all(figures)).flat();
    },
  };
}

async function versionFigures(db: Kysely<Tables>): Promise<Figure[]> {
  const { rows } = await sql<{ waiting: number; batched_at: number }>`
    select (select count(*) from (select from mpi.unbatched_versions limit ${counted_at_most}) counted) as waiting, coalesce(
      (select extract(epoch from taken_at) from mpi.version_batches order by position desc limit 1), 0)::float8 as batched_at`.execute(
    db,
  );
  const { waiting, batched_at } = rows[0]!;
  return [
    gauge(
      'zdravo_mpi_unbatched_versions',
      `Versions of persons that wait for a batch, and with it for the log, ${counted_at_most} at most`,
      waiting,
    ),
    gauge('zdravo_mpi_batch_timestamp_seconds', 'When the last batch of them was taken', batched_at),
  ];
}

type ReviewRow = { kind: string; open: number; oldest_s: number };

async function reviewFigures(db: Kysely<Tables>): Promise<Figure[]> {
  const { rows } = await sql<ReviewRow>`
    select kind, count(*) as open, extract(epoch from now() - min(created_at))::float8 as oldest_s
    from mpi.review_items where status = 'new' group by kind`.execute(db);
  const samples = (read: (row: ReviewRow) => number): Sample[] =>
    rows.map((row) => ({ labels: { kind: row.kind }, value: read(row) }));
  return [
    gauge(
      'zdravo_mpi_review_open',
      'Pairs of persons that people have not decided',
      samples(({ open }) => open),
    ),
    gauge(
      'zdravo_mpi_review_oldest_seconds',
      'Age of the oldest of them',
      samples(({ oldest_s }) => oldest_s),
    ),
  ];
}

type LockRow = { subject_type: string; reason: string; locked: number };

async function lockFigures(db: Kysely<Tables>): Promise<Figure[]> {
  const { rows } = await sql<LockRow>`
    select subject_type, reason, count(*) as locked from mpi.search_locks where locked_until > now() group by 1, 2`.execute(
    db,
  );
  const samples = rows.map(({ subject_type, reason, locked }) => ({ labels: { subject_type, reason }, value: locked }));
  return [gauge('zdravo_mpi_search_locks', 'Who may not search, because they searched like one who browses', samples)];
}
