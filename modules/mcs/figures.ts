import { type FigureSource, gauge } from '@zdravo/kit/metrics';
import { type Kysely, sql } from 'kysely';
import type { Tables } from './tables.ts';

/** Signed containers that wait for the proofs which outlive certificates. Their age alone: an index has it at once, however many wait. */
export function mediaFigures(db: Kysely<Tables>): FigureSource {
  return {
    name: 'mcs',
    read: async () => {
      const { rows } = await sql<{ due_s: number }>`
        select greatest(coalesce(extract(epoch from now() - min(due_at)), 0), 0)::float8 as due_s
        from mcs.container_upgrades where due_at is not null`.execute(db);
      const help = 'How long the upgrade of a signed container with time-stamps has been due';
      return [gauge('zdravo_container_upgrades_due_seconds', help, rows[0]!.due_s)];
    },
  };
}
