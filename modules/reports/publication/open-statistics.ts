import type { TransactionOf } from '@zdravo/kit/db';
import { sql } from 'kysely';
import type { Line } from '../capitation/lines.ts';
import type { Tables } from '../tables.ts';
import type { PublicCell } from './small-cells.ts';

type Db = TransactionOf<Tables>;

/** What a hidden number of patients must at least be uncertain by, as in the open files. */
const narrowest = 4;

/**
 * Fixes what the public statistics may say below the country until the next month is published. They must add nothing to
 * what the open files hide: a live number beside an exact one, rounded or not, sooner or later leaves a hidden group no room. So
 * regions are sums of open rows, and anything else counts only clinics of which no group is hidden.
 */
export async function fixOpenStatistics(
  db: Db,
  run: { id: string },
  given: { lines: readonly Line[]; rows: readonly PublicCell[] },
): Promise<void> {
  const areas = [...areaSums(given.rows)];
  if (areas.length > 0)
    await db
      .insertInto('reports.open_areas')
      .values(areas.map(([area, declaration_count]) => ({ run_id: run.id, area, declaration_count })))
      .execute();
  await sql`
    insert into reports.open_legal_entities (run_id, legal_entity_id)
    select run_id, legal_entity_id from reports.capitation_legal_entities
    where run_id = ${run.id} and legal_entity_id <> all(${[...hidingClinics(given)]}::uuid[])`.execute(db);
  await fixDivisions(db, run.id);
}

/** Clinics with a group that no open row shows by itself. */
export function hidingClinics({
  lines,
  rows,
}: {
  lines: readonly Pick<Line, 'legal_entity_id' | 'mountain_group' | 'age_group' | 'declaration_count'>[];
  rows: readonly PublicCell[];
}): Set<string> {
  const keyOf = (cell: { legal_entity_id: string | null; mountain_group: boolean; age_group: string }) =>
    `${cell.legal_entity_id}|${cell.mountain_group}|${cell.age_group}`;
  const shown = new Set(rows.map(keyOf));
  const hidden = lines.filter((line) => line.declaration_count > 0 && !shown.has(keyOf(line)));
  return new Set(hidden.map(({ legal_entity_id }) => legal_entity_id));
}

/** Sums of the open rows of each region: anybody can work them out from the files. */
export function areaSums(rows: readonly PublicCell[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { area, declaration_count } of rows)
    if (area !== null) sums.set(area, (sums.get(area) ?? 0) + declaration_count);
  return sums;
}

/**
 * Patients of a clinic's divisions in whole tens, rounded down. The clinic's exact sum is open, so what the roundings leave over
 * is known: where it is so little, or so near to nine each, that it tells one division, none is told.
 */
export function openTens(counts: readonly number[]): number[] | undefined {
  const tens = counts.map((count) => count - (count % 10));
  const left = counts.reduce((sum, count) => sum + (count % 10), 0);
  const is_safe = counts.length === 1 || (left >= narrowest && 9 * counts.length - left >= narrowest);
  return is_safe ? tens : undefined;
}

/** By clinic and mountain flag, whose sums are open. */
async function fixDivisions(db: Db, run_id: string): Promise<void> {
  const { rows } = await sql<{ division_ids: string[]; counts: number[] }>`
    select array_agg(division_id::text order by division_id) as division_ids, array_agg(n order by division_id) as counts
    from (
      select h.legal_entity_id, h.division_id, count(*)::int as n from ops.declaration_heads h
      join reports.open_legal_entities o on o.run_id = ${run_id} and o.legal_entity_id = h.legal_entity_id
      where h.status = 'active' group by 1, 2
    ) counted join prm.divisions d on d.id = counted.division_id
    group by counted.legal_entity_id, d.mountain_group`.execute(db);
  const open = rows.flatMap(({ division_ids, counts }) =>
    (openTens(counts) ?? []).map((declaration_count, i) => ({
      run_id,
      division_id: division_ids[i]!,
      declaration_count,
    })),
  );
  for (let from = 0; from < open.length; from += 5_000)
    await db
      .insertInto('reports.open_divisions')
      .values(open.slice(from, from + 5_000))
      .execute();
}
