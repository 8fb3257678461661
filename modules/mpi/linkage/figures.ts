import { type FigureSource, gauge } from '@zdravo/kit/metrics';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';

type State = {
  waiting: number;
  waiting_s: number;
  proposed: number;
  proposed_s: number;
  relink_s: number;
  relinked_at: number;
};

/** After a load everybody waits: what is asked four times a minute does not count them all. */
const counted_at_most = 100_000;

/** Who waits to be compared, which proposals wait for an answer, and how the comparison of everybody stands. */
export function linkerFigures(db: Kysely<Tables>): FigureSource {
  return {
    name: 'mpi-linker',
    read: async () => {
      const state = await readState(db);
      return [
        gauge(
          'zdravo_linkage_queue',
          `New and changed persons who are not compared yet, ${counted_at_most} at most`,
          state.waiting,
        ),
        gauge('zdravo_linkage_queue_oldest_seconds', 'How long the first of them has waited', state.waiting_s),
        gauge('zdravo_link_proposals_open', 'Proposed merges that the platform has not answered', state.proposed),
        gauge('zdravo_link_proposals_oldest_seconds', 'Age of the oldest of them', state.proposed_s),
        gauge('zdravo_relink_silent_seconds', 'How long ago a relink under way last made progress', state.relink_s),
        gauge('zdravo_relink_finished_timestamp_seconds', 'When everybody was last compared', state.relinked_at),
      ];
    },
  };
}

async function readState(db: Kysely<Tables>): Promise<State> {
  const { rows } = await sql<State>`
    select queue.*, proposals.*, relinks.*
    from (select (select count(*) from (select from mpi.linkage_queue limit ${counted_at_most}) counted) as waiting, coalesce(
        (select extract(epoch from now() - queued_at) from mpi.linkage_queue order by position limit 1), 0)::float8 as waiting_s) queue
    cross join (select count(*) as proposed, coalesce(extract(epoch from now() - min(proposed_at)), 0)::float8 as proposed_s
        from mpi.link_proposals where state = 'proposed') proposals
    cross join (select
        coalesce(extract(epoch from now() - max(updated_at) filter (where finished_at is null)), 0)::float8 as relink_s,
        coalesce(extract(epoch from max(finished_at)), 0)::float8 as relinked_at from mpi.relink_runs) relinks`.execute(
    db,
  );
  return rows[0]!;
}
