import { unavailable } from '@zdravo/kit/problem';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';

export type ReplicaStatus = {
  source: string;
  /** All tables are copied and followed. */
  ready: boolean;
  /** Where in the source's log the replica stands. */
  position: string | null;
  lag_s: number | null;
  lag_bytes: number | null;
  slot_state: string;
  measured_at: string | null;
};

/** How each source stands; `zdravo_reports` may ask this without reaching any source. */
export async function replicaStatus(db: Kysely<Tables>): Promise<ReplicaStatus[]> {
  const { rows } = await sql<ReplicaStatus>`
    select regexp_replace(s.subname, '^.*_', '') as source,
      s.subenabled and coalesce(bool_and(r.srsubstate = 'r'), false) as ready,
      -- Before the first transaction since the copy, an origin knows nothing: then what was acknowledged is the place.
      coalesce((select pg_replication_origin_progress('pg_' || s.oid, false)), max(st.latest_end_lsn))::text as position,
      l.lag_s::float8 as lag_s, l.lag_bytes, coalesce(l.slot_state, 'unknown') as slot_state, l.measured_at
    from pg_subscription s
    join pg_database d on d.oid = s.subdbid and d.datname = current_database()
    left join pg_subscription_rel r on r.srsubid = s.oid
    left join pg_stat_subscription st on st.subid = s.oid and st.relid is null
    left join reports.replica_lag l on l.source = regexp_replace(s.subname, '^.*_', '')
    group by s.oid, s.subname, s.subenabled, l.lag_s, l.lag_bytes, l.slot_state, l.measured_at
    order by 1`.execute(db);
  return rows;
}

/**
 * Refuses to compute from a replica that is being copied, or whose slot was lost.
 * @throws Problem `replica_not_ready`, which says of which sources.
 */
export async function requireReplica(db: Kysely<Tables>): Promise<ReplicaStatus[]> {
  const all = await replicaStatus(db);
  const bad = all.filter(({ ready, slot_state }) => !ready || slot_state === 'lost');
  if (all.length > 0 && bad.length === 0) return all;
  const names = bad.map(({ source, slot_state }) => `${source} (slot ${slot_state})`).join(', ') || 'no source';
  throw unavailable(`The replica is not complete: ${names}. Nothing was published.`, 30, 'replica_not_ready');
}
