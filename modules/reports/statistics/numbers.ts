import { invalidField, notFound } from '@zdravo/kit/problem';
import { type Kysely, sql } from 'kysely';
import { time_zone } from '../billing.ts';
import type { Tables } from '../tables.ts';

type Db = Kysely<Tables>;
export type MainNumbers = { declarations: number; msps: number; doctors: number; pharmacies: number };

export async function mainNumbers(db: Db): Promise<MainNumbers> {
  const { rows } = await sql<MainNumbers>`
    select (select count(*) from ops.declaration_heads where status = 'active') as declarations,
      (select count(*) from prm.legal_entities where type = 'MSP' and is_active) as msps,
      (select count(distinct party_id) from prm.employees where employee_type = 'DOCTOR' and is_active and status = 'APPROVED') as doctors,
      (select count(*) from prm.legal_entities where type = 'PHARMACY' and is_active) as pharmacies`.execute(db);
  return rows[0]!;
}

export type Period = { from_date?: string; to_date?: string };
type RegionRow = { id: string | null; name: string } & Record<
  | 'declarations_total'
  | 'declarations_created'
  | 'declarations_closed'
  | 'msps'
  | 'doctors'
  | 'pharmacies'
  | 'pharmacists',
  number
>;

/**
 * Declarations by the region of their legal entity's registration: in all, the sum of the region's open rows of the last
 * published month; begun and ended, in whole tens, those of clinics of which that month hides no group, up to its billing
 * moment. Live numbers would tell what the open files hide (publication/open-statistics.ts).
 */
export async function regionNumbers(db: Db, period: Period) {
  if (period.from_date && period.to_date) refuseTurned(period.from_date, period.to_date);
  const total = await regionRows(db, {});
  const is_period = period.from_date !== undefined || period.to_date !== undefined;
  const within = is_period ? new Map((await regionRows(db, period)).map((row) => [row.name, row])) : undefined;
  return {
    ...period,
    regions: total.map(({ id, name, ...numbers }) => ({
      region: { id, name },
      period: within ? numbersOf(within.get(name)!) : null,
      total: numbers,
    })),
  };
}

function numbersOf({ id: _, name: __, ...numbers }: RegionRow) {
  return numbers;
}

async function regionRows(db: Db, { from_date = '1900-01-01', to_date = '9998-12-31' }: Period): Promise<RegionRow[]> {
  const { rows } = await sql<RegionRow>`
    with run as (
      select id, billing_moment from reports.capitation_runs where state = 'published' order by billing_month desc limit 1
    ), entities as (
      select e.id, e.type, e.is_active, coalesce(r.id::text, '') as region_id, coalesce(r.name, e.area, '') as name
      from prm.legal_entities e left join il.regions r on upper(r.name) = upper(e.area)
    ), regions as (
      select id::text as region_id, name from il.regions union select region_id, name from entities where region_id = ''
    ), changed as (
      select h.legal_entity_id, count(*) filter (where s.status = 'active' and s.was_not_active) as created,
        count(*) filter (where s.status in ('terminated', 'closed')) as closed
      from run join reports.open_legal_entities o on o.run_id = run.id
      join ops.declaration_heads h on h.legal_entity_id = o.legal_entity_id
      join (${changes}) s on s.declaration_id = h.id
      where s.changed_at >= ${instant(from_date)} and s.changed_at < ${instant(to_date)} + interval '1 day'
        and s.changed_at < run.billing_moment group by 1
    ), staff as (
      select legal_entity_id, count(distinct party_id) filter (where employee_type = 'DOCTOR') as doctors,
        count(distinct party_id) filter (where employee_type = 'PHARMACIST') as pharmacists
      from prm.employees where is_active group by 1
    )
    select nullif(r.region_id, '') as id, r.name,
      coalesce((select a.declaration_count from run join reports.open_areas a on a.run_id = run.id and upper(a.area) = upper(r.name)), 0)
        as declarations_total,
      coalesce(sum(c.created), 0)::bigint / 10 * 10 as declarations_created,
      coalesce(sum(c.closed), 0)::bigint / 10 * 10 as declarations_closed,
      count(*) filter (where e.type = 'MSP' and e.is_active) as msps,
      coalesce(sum(s.doctors), 0)::bigint as doctors,
      count(*) filter (where e.type = 'PHARMACY' and e.is_active) as pharmacies,
      coalesce(sum(s.pharmacists), 0)::bigint as pharmacists
    from regions r left join entities e using (region_id, name)
    left join changed c on c.legal_entity_id = e.id
    left join staff s on s.legal_entity_id = e.id
    group by 1, 2 order by 2`.execute(db);
  return rows;
}

/** Declarations as the last published month fixed them, 0 where it told none. @throws Problem 404. */
export async function divisionNumbers(db: Db, id: string) {
  const { rows } = await sql<{ name: string; declarations: number; doctors: number }>`
    select d.name,
      coalesce((select o.declaration_count from reports.open_divisions o where o.division_id = d.id and o.run_id = (
        select id from reports.capitation_runs where state = 'published' order by billing_month desc limit 1)), 0) as declarations,
      (select count(distinct party_id) from prm.employees e
        where e.division_id = d.id and e.employee_type = 'DOCTOR' and e.is_active) as doctors
    from prm.divisions d where d.id = ${id} and d.is_active`.execute(db);
  if (!rows[0]) throw notFound('There is no such division.', 'division_not_found');
  const { name, ...stats } = rows[0];
  return { division: { id, name }, stats: { ...stats, msps: 1 } };
}

const most_periods = 400;
type Interval = 'DAY' | 'MONTH' | 'YEAR';
type HistogramRow = { period_name: string; created: number; closed: number };

/** Created, closed and active by period; @throws Problem 422 for turned dates or more than 400 periods. */
export async function histogram(db: Db, { from_date, to_date, interval }: Required<Period> & { interval: Interval }) {
  refuseTurned(from_date, to_date);
  const unit = sql.lit(interval.toLowerCase());
  const days = { DAY: 1, MONTH: 28, YEAR: 365 }[interval];
  if ((Date.parse(to_date) - Date.parse(from_date)) / 86_400_000 / days > most_periods)
    throw invalidField('$.to_date', `${most_periods} periods at most`, 'too_many');
  const local = sql`(s.changed_at at time zone ${sql.lit(time_zone)})`;
  const { rows } = await sql<HistogramRow>`
    select to_char(p.day, ${sql.lit({ DAY: 'YYYY-MM-DD', MONTH: 'YYYY-MM', YEAR: 'YYYY' }[interval])}) as period_name,
      coalesce(c.created, 0)::bigint as created, coalesce(c.closed, 0)::bigint as closed
    from generate_series(date_trunc(${unit}, ${from_date}::timestamp), ${to_date}::timestamp, ${sql.lit(`1 ${interval.toLowerCase()}`)}::interval) p(day)
    left join (
      select date_trunc(${unit}, ${local}) as day, count(*) filter (where s.status = 'active' and s.was_not_active) as created,
        count(*) filter (where s.status in ('terminated', 'closed')) as closed
      from (${changes}) s
      where s.changed_at >= ${instant(from_date)} and s.changed_at < ${instant(to_date)} + interval '1 day' group by 1
    ) c on c.day = p.day order by p.day`.execute(db);
  const before = await sql<{ active: number }>`
    select count(*) filter (where s.status = 'active' and s.was_not_active) - count(*) filter (where s.status in ('terminated', 'closed')) as active
    from (${changes}) s where s.changed_at < ${instant(from_date)}`.execute(db);
  return accumulate(rows, interval, before.rows[0]!.active);
}

/** A relink writes another active version: only the first of a row of active ones is a beginning. */
const changes = sql`
  select h.declaration_id, h.changed_at, h.status, not exists (select from ops.declaration_status_history b where b.declaration_id = h.declaration_id
    and b.version = h.version - 1 and b.status = 'active') as was_not_active
  from ops.declaration_status_history h`;

function accumulate(rows: readonly HistogramRow[], interval: Interval, active_before: number) {
  let active = active_before;
  return rows.map(({ period_name, created, closed }) => {
    const declarations_active_start = Math.max(0, active);
    active += created - closed;
    return {
      period_type: interval,
      period_name,
      declarations_created: created,
      declarations_closed: closed,
      declarations_active_start,
      declarations_active_end: Math.max(0, active),
    };
  });
}

function instant(date: string) {
  return sql`(${date}::timestamp at time zone ${sql.lit(time_zone)})`;
}

function refuseTurned(from_date: string, to_date: string): void {
  if (from_date > to_date) throw invalidField('$.to_date', 'must not be before from_date', 'turned');
}
