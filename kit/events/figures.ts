import { type Kysely, sql } from 'kysely';
import { type Figure, type FigureSource, gauge } from '../metrics/index.ts';
import type { Consumer } from './consumer.ts';

/** How far a process's consumers are behind the feeds that they follow. */
export function feedFigures(consumers: readonly Consumer[]): FigureSource {
  return {
    name: 'feeds',
    read: () => {
      const samples = consumers.map((one) => {
        const { consumer, feed, behind_s } = one.status();
        return { labels: { consumer, feed }, value: behind_s };
      });
      const help = 'How long ago a feed was last read to its end; what came since may have had no effect yet';
      return [gauge('event_feed_behind_seconds', help, samples)];
    },
  };
}

/** How old the oldest event is that the feed does not show yet: a transaction that does not end holds it back, and all after it. */
export async function outboxFigure<Tables>(db: Kysely<Tables>, schema: string): Promise<Figure> {
  const { rows } = await sql<{ held_s: number }>`
    select coalesce(extract(epoch from now() - min(occurred_at)), 0)::float8 as held_s
    from ${sql.table(`${schema}.outbox`)} where transaction_id >= pg_snapshot_xmin(pg_current_snapshot())`.execute(db);
  const help = 'Age of the oldest event that followers cannot see yet, because a transaction before it has not ended';
  return gauge('event_outbox_held_seconds', help, [{ labels: { schema }, value: rows[0]!.held_s }]);
}
