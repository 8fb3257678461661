import type { TransactionOf } from '@zdravo/kit/db';
import { type RawBuilder, sql } from 'kysely';
import { time_zone } from '../billing.ts';
import type { Tables } from '../tables.ts';
import { gatherContracts, hasContracts, limitedByContracts } from './contract-limits.ts';
import { reasonCode, reasonName } from './uncounted.ts';

type Db = TransactionOf<Tables>;

/**
 * Counts the declarations that were active at the billing moment (0:00 of the billing date in Kyiv: whatever status
 * began before it) by what the rules look at, and lists those that cannot be counted. One pass, one snapshot.
 * Ages are whole months between `birth_month` and the billing date, divided by twelve: exact, as both are the 1st.
 * PostgreSQL shares the work among its workers, which an INSERT would forbid: hence the temporary table.
 */
export async function gather(db: Db, run_id: string, month: string): Promise<void> {
  await sql`drop table if exists gathered`.execute(db);
  await sql`create temporary table gathered as ${await grouped(db, month)}`.execute(db);
  await gatherContracts(db, run_id, month);
  await sql`
    insert into reports.capitation_inputs (run_id, for_month, legal_entity_id, mountain_group, age, declaration_count)
    select ${run_id}, ${month}::date, legal_entity_id, class % 2 = 1, class / 2, declaration_count from gathered
    where class >= 0 order by legal_entity_id, class`.execute(db);
}

/** Declarations that `gather` could not count, each with its reason. */
export async function listProblems(db: Db, run_id: string): Promise<void> {
  await sql`
    insert into reports.capitation_errors (run_id, declaration_id, code, legal_entity_id)
    select ${run_id}, unnest(declaration_ids), ${reasonName(sql`class`)}, legal_entity_id from gathered where class < 0`.execute(
    db,
  );
}

/** Declarations whose inputs the rules refused; `on conflict` because a resumed step may find them listed. */
export async function listRefused(db: Db, run_id: string, month: string): Promise<void> {
  const refused = sql`
    select age * 2 + mountain_group::int as class, error_code from reports.capitation_explanations
    where run_id = ${run_id} and for_month = ${month}::date and error_code is not null`;
  const { rows } = await refused.execute(db);
  if (rows.length === 0) return;
  await sql`
    insert into reports.capitation_errors (run_id, declaration_id, code, legal_entity_id)
    select ${run_id}, declaration_id, lower(error_code), legal_entity_id from (${await classified(db, month)}) active
    join (${refused}) refused using (class)
    on conflict do nothing`.execute(db);
}

/** The clinics of a run, named as they are now; also those without any declaration. */
export async function gatherLegalEntities(db: Db, run_id: string): Promise<void> {
  await sql`
    insert into reports.capitation_legal_entities (run_id, legal_entity_id, edrpou, name, area)
    select ${run_id}, id, edrpou, name, coalesce(area, '') from prm.legal_entities e
    where type = 'MSP' and is_active
      or exists (select from reports.capitation_inputs i where i.run_id = ${run_id} and i.legal_entity_id = e.id)`.execute(
    db,
  );
}

/**
 * PostgreSQL would guess from the columns behind a class (birth months, ids that may be missing) that nearly every row is a
 * group of its own, and sort ten million rows on disk. `offset` makes the class a column of which it knows nothing: it expects two
 * hundred of them in a clinic, which is what there are, and each worker counts in memory. (A bare 0 would be a call of
 * int8(0) while it plans, and a limit that it does not know yet forbids workers.)
 */
async function grouped(db: Db, month: string) {
  return sql`
    select legal_entity_id, class, count(*)::int as declaration_count,
      reports.listed(declaration_id) filter (where class < 0) as declaration_ids
    from (${await classified(db, month)} offset bigint '0') active group by 1, 2`;
}

/** Class: age and mountain flag in one number, or the reason not to count. */
async function classified(db: Db, month: string): Promise<RawBuilder<unknown>> {
  const active = activeDeclarations(month);
  const limited = (await hasContracts(db)) ? limitedByContracts(active, month) : active;
  return sql`
    select declaration_id, legal_entity_id, coalesce(problem, age * 2 + mountain_group::int) as class from (${limited}) limited`;
}

/**
 * One row per declaration active at the billing moment, of all or of one, with its inputs or its problem. A status is the
 * last before the moment when the next version, versions being consecutive, began at it or later: an anti-join whose
 * inner side is only what ever changed, four times cheaper than sorting the whole history.
 */
export function activeDeclarations(month: string, declaration_id?: string) {
  const only = declaration_id ? sql`and declaration_id = ${declaration_id}` : sql``;
  return sql<ActiveDeclaration>`
    select s.declaration_id, s.active_since, h.legal_entity_id, h.employee_id, h.division_id, d.mountain_group, ${ageSql(month)} as age,
      case when h.id is null then ${reasonCode('declaration_missing')}
        when e.id is null then ${reasonCode('legal_entity_missing')}
        when d.id is null then ${reasonCode('division_missing')}
        when f.pseudonym is null then ${reasonCode('person_missing')}
        when f.deceased_on < ${month}::date then ${reasonCode('person_deceased')}
        when f.birth_month > ${month}::date then ${reasonCode('person_not_born')} end as problem
    from (
      select declaration_id, changed_at as active_since from ops.declaration_status_history now_active
      where status = 'active' and changed_at < ${billingMoment(month)} ${only}
        and not exists (
          select from ops.declaration_status_history later
          where later.declaration_id = now_active.declaration_id and later.version = now_active.version + 1
            and later.version > 1 and later.changed_at < ${billingMoment(month)})
    ) s
    left join ops.declaration_heads h on h.id = s.declaration_id
    left join prm.legal_entities e on e.id = h.legal_entity_id
    left join prm.divisions d on d.id = h.division_id
    left join mpi.person_facts f on f.pseudonym = h.pseudonym`;
}

export type ActiveDeclaration = {
  declaration_id: string;
  legal_entity_id: string | null;
  mountain_group: boolean | null;
  age: number | null;
  /** A code of `uncounted`. */
  problem: number | null;
};

/** Midnight at the beginning of the billing date, civil time of the country: 21:00 or 22:00 UTC of the day before. */
export function billingMoment(month: string) {
  return sql`(${month}::date::timestamp at time zone ${sql.lit(time_zone)})`;
}

/** `date_part`, not `extract`: that one computes in exact decimals, at three times the cost, for whole numbers. */
function ageSql(month: string) {
  const [year, number] = month.split('-').map(Number) as [number, number];
  return sql`((${sql.lit(year * 12 + number)} - (date_part('year', f.birth_month)::int * 12 + date_part('month', f.birth_month)::int)) / 12)`;
}
