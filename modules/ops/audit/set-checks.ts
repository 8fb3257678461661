import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Tables } from '../tables.ts';
import type { FindingList } from './findings.ts';

export type Scope = {
  /** Incremental audits look at records of leaves from here on. */
  from_leaf: number;
  full: boolean;
  now: Date;
  since: string;
};

/** A leaf is placed within a second; after a minute the promise is broken. */
const longest_wait_s = 60;

type Row = { id: string; version: number; detail: string };

/** Records without a leaf: inserted past the log, or their waiting leaf was removed. And leaves that wait too long. */
export async function auditUnlogged(db: Kysely<Tables>, scope: Scope, list: FindingList): Promise<void> {
  const { rows } = await sql<Row>`
    select stored.declaration_id as id, stored.version, 'It claims to be of ' || stored.recorded_at || '.' as detail
    from ops.declaration_versions stored
    left join ops.log_entries leaf
      on leaf.kind = 'declaration' and leaf.record_id = stored.declaration_id and leaf.version = stored.version
    where leaf.leaf_index is null
      and not exists (select from ops.pending_leaves pending where pending.kind = 'declaration'
        and pending.record_id = stored.declaration_id and pending.version = stored.version)
    limit 1000`.execute(db);
  for (const row of rows) add(list, 'record_unlogged', row, scope);
  const { rows: late } = await sql<Row>`
    select record_id as id, version, 'It has been waiting since ' || inserted_at || '.' as detail
    from ops.pending_leaves where inserted_at < now() - make_interval(secs => ${longest_wait_s}) limit 1000`.execute(
    db,
  );
  for (const row of late) add(list, 'record_late', row, scope);
}

/**
 * Every declaration has a present state, that of its last version, and a status history that is a fold of its versions, and
 * nothing else. What the present state says is compared where the versions are read (`present-state.ts`).
 */
export async function auditHeads(db: Kysely<Tables>, scope: Scope, list: FindingList): Promise<void> {
  const { rows: heads } = await sql<Row>`
    with counted as (
      select declaration_id, max(version) as version, count(*) as versions
      from ops.declaration_versions ${touched(scope, sql`declaration_id`)} group by declaration_id
    )
    select coalesce(head.id, counted.declaration_id) as id, coalesce(head.version, counted.version) as version,
      case when head.id is null then 'It has no present state.' when counted.declaration_id is null then 'It has a present state and no version.'
        when counted.versions <> counted.version then 'A version between others is missing.'
        else format('Its present state is that of version %s where there are %s.', head.version, counted.version) end as detail
    from counted
    full join (select id, version from ops.declaration_heads ${touched(scope, sql`id`)}) head on head.id = counted.declaration_id
    where head.id is null or counted.declaration_id is null or counted.versions <> counted.version or head.version <> counted.version
    limit 1000`.execute(db);
  for (const row of heads) add(list, 'head_differs', row, scope);
  const { rows: history } = await sql<Row>`
    select coalesce(stored.declaration_id, told.declaration_id) as id, coalesce(stored.version, told.version) as version,
      case when told.declaration_id is null then 'A step of its history is missing.' when stored.declaration_id is null then 'Its history tells of a version that is not there.'
        else 'Its history tells another status or time.' end as detail
    from (select * from ops.declaration_versions ${touched(scope, sql`declaration_id`)}) stored
    full join (select * from ops.declaration_status_history ${touched(scope, sql`declaration_id`)}) told
      on told.declaration_id = stored.declaration_id and told.version = stored.version
    where told.declaration_id is null or stored.declaration_id is null or told.status <> stored.status
      or told.changed_at <> stored.recorded_at
    limit 1000`.execute(db);
  for (const row of history) add(list, 'history_differs', row, scope);
}

/** In an incremental audit only the records that new leaves are of. */
function touched({ full, from_leaf }: Scope, column: RawBuilder<unknown>): RawBuilder<unknown> {
  if (full) return sql``;
  return sql`where ${column} in (select record_id from ops.log_entries where kind = 'declaration' and leaf_index >= ${from_leaf})`;
}

function add(
  list: FindingList,
  code: 'record_unlogged' | 'record_late' | 'head_differs' | 'history_differs',
  row: Row,
  { since }: Scope,
): void {
  const record = { kind: 'declaration', id: row.id, version: row.version };
  list.add({ code, record, detail: `It is declaration ${row.id}, version ${row.version}. ${row.detail} ${since}` });
}
