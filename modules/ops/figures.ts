import { outboxFigure } from '@zdravo/kit/events';
import { type Figure, type FigureSource, gauge } from '@zdravo/kit/metrics';
import { type Kysely, sql } from 'kysely';
import type { Sequencer } from './log/sequencer.ts';
import type { Tables } from './tables.ts';

type State = {
  waiting: number;
  waiting_s: number;
  placed: number;
  published: number;
  published_at: number;
  orders: number;
  orders_s: number;
};

/** How the log keeps up, and what was ordered and is not done yet. */
export function opsFigures(db: Kysely<Tables>, sequencer: Sequencer): FigureSource {
  return {
    name: 'ops',
    read: async () => [...logFigures(await readState(db), sequencer), await outboxFigure(db, 'ops')],
  };
}

function logFigures(state: State, sequencer: Sequencer): Figure[] {
  const { has_quorum, refusal } = sequencer.status();
  return [
    gauge('zdravo_log_pending_leaves', 'Leaves that wait for their place in the log', state.waiting),
    gauge('zdravo_log_pending_oldest_seconds', 'How long the oldest of them has waited', state.waiting_s),
    gauge('zdravo_log_placed_leaves', 'Leaves that have their place', state.placed),
    gauge('zdravo_log_checkpoint_leaves', 'Leaves that the last cosigned checkpoint covers', state.published),
    gauge('zdravo_log_checkpoint_timestamp_seconds', 'When it was published', state.published_at),
    gauge('zdravo_log_has_quorum', 'Whether enough witnesses cosigned what was signed last', Number(has_quorum)),
    gauge('zdravo_log_refused', 'Whether the log refuses to go on until somebody has acted', Number(!!refusal)),
    gauge('zdravo_termination_orders_open', 'Orders to end declarations that are not carried out', state.orders),
    gauge('zdravo_termination_orders_oldest_seconds', 'Age of the oldest of them', state.orders_s),
  ];
}

async function readState(db: Kysely<Tables>): Promise<State> {
  const { rows } = await sql<State>`
    select leaves.*, orders.*,
      (select coalesce(max(size), 0) from ops.log_heads) as placed,
      coalesce(newest.size, 0) as published, coalesce(extract(epoch from newest.published_at), 0)::float8 as published_at
    from (select count(*) as waiting, coalesce(extract(epoch from now() - min(inserted_at)), 0)::float8 as waiting_s
        from ops.pending_leaves) leaves
    cross join (select count(*) as orders, coalesce(extract(epoch from now() - min(ordered_at)), 0)::float8 as orders_s
        from ops.termination_orders where done_at is null) orders
    left join lateral (select size, published_at from ops.log_checkpoints order by size desc limit 1) newest on true`.execute(
    db,
  );
  return rows[0]!;
}
