import type { TransactionOf } from '@zdravo/kit/db';
import { sql } from 'kysely';
import type { Tables } from '../tables.ts';
import { monthlyAmount } from './amounts.ts';

type Db = TransactionOf<Tables>;

export type Line = {
  number: number;
  kind: 'regular' | 'correction';
  for_month: string;
  legal_entity_id: string;
  mountain_group: boolean;
  age_group: string;
  declaration_count: number;
  base_rate_minor_per_year: number;
  age_coefficient: string;
  mountain_coefficient: string;
  amount_minor: number;
};

type Counted = Omit<Line, 'number' | 'kind' | 'amount_minor'>;

/** Writes what `computeLines` says. */
export async function writeLines(db: Db, run: { id: string; billing_month: string }): Promise<void> {
  const lines = await computeLines(db, run);
  for (let from = 0; from < lines.length; from += 2_000) {
    const rows = lines.slice(from, from + 2_000).map((line) => ({ run_id: run.id, ...line }));
    await db.insertInto('reports.capitation_lines').values(rows).execute();
  }
}

/** The lines of the frozen inputs and their verdicts: the month's own, then corrections of closed months. */
export async function computeLines(db: Db, run: { id: string; billing_month: string }): Promise<Line[]> {
  const counted = await countedLines(db, run.id);
  const before = await closedLines(db, run);
  const regular = counted
    .filter(({ for_month }) => for_month === run.billing_month)
    .map((line): Omit<Line, 'number'> => ({ ...line, kind: 'regular', amount_minor: amountOf(line) }));
  const corrections = correctionsOf(
    counted.filter(({ for_month }) => for_month !== run.billing_month),
    before,
  );
  return [...regular.sort(byKey), ...corrections.sort(byKey)].map((line, i) => ({ number: i + 1, ...line }));
}

/** Closed months that are computed again: those published before this one, the newest `count`. */
export async function closedMonths(db: Db, month: string, count: number): Promise<string[]> {
  const rows = await db
    .selectFrom('reports.capitation_runs')
    .select('billing_month')
    .where('state', '=', 'published')
    .where('billing_month', '<', month)
    .orderBy('billing_month', 'desc')
    .limit(count)
    .execute();
  return rows.map((row) => row.billing_month).sort();
}

async function countedLines(db: Db, run_id: string): Promise<Counted[]> {
  const { rows } = await sql<Counted>`
    select i.for_month, i.legal_entity_id, i.mountain_group, e.output ->> 'age_group' as age_group,
      sum(i.declaration_count)::int as declaration_count,
      (e.output ->> 'base_rate_minor_per_year')::bigint as base_rate_minor_per_year,
      e.output ->> 'age_coefficient' as age_coefficient, e.output ->> 'mountain_coefficient' as mountain_coefficient
    from reports.capitation_inputs i
    join reports.capitation_explanations e using (run_id, for_month, mountain_group, age)
    where i.run_id = ${run_id} and e.error_code is null
    group by 1, 2, 3, 4, 6, 7, 8`.execute(db);
  return rows;
}

/** What earlier runs have paid for the closed months that this run computed again. */
async function closedLines(db: Db, run: { id: string; billing_month: string }): Promise<Paid[]> {
  const { rows } = await sql<Paid>`
    select l.for_month, l.legal_entity_id, l.mountain_group, l.age_group, sum(l.declaration_count)::int as declaration_count,
      sum(l.amount_minor)::bigint as amount_minor, max(l.base_rate_minor_per_year) as base_rate_minor_per_year,
      max(l.age_coefficient)::text as age_coefficient, max(l.mountain_coefficient)::text as mountain_coefficient
    from reports.capitation_lines l join reports.capitation_runs r on r.id = l.run_id
    where r.state = 'published' and r.billing_month < ${run.billing_month}::date
      and l.for_month in (select jsonb_array_elements_text(progress -> 'closed_months')::date
        from reports.capitation_runs where id = ${run.id})
    group by 1, 2, 3, 4`.execute(db);
  return rows;
}

type Paid = Counted & { amount_minor: number };

function correctionsOf(now: Counted[], before: Paid[]): Omit<Line, 'number'>[] {
  const known = new Map(before.map((line) => [keyOf(line), line]));
  const changed = now.map((line) => {
    const old = known.get(keyOf(line));
    known.delete(keyOf(line));
    return difference(line, amountOf(line), old);
  });
  const vanished = [...known.values()].map((old) => difference({ ...old, declaration_count: 0 }, 0, old));
  return [...changed, ...vanished].filter((line) => line.declaration_count !== 0 || line.amount_minor !== 0);
}

function difference(line: Counted, amount: number, old: Paid | undefined): Omit<Line, 'number'> {
  return {
    for_month: line.for_month,
    legal_entity_id: line.legal_entity_id,
    mountain_group: line.mountain_group,
    age_group: line.age_group,
    base_rate_minor_per_year: line.base_rate_minor_per_year,
    age_coefficient: line.age_coefficient,
    mountain_coefficient: line.mountain_coefficient,
    kind: 'correction',
    declaration_count: line.declaration_count - (old?.declaration_count ?? 0),
    amount_minor: amount - (old?.amount_minor ?? 0),
  };
}

function amountOf(line: Counted): number {
  const { base_rate_minor_per_year, age_coefficient, mountain_coefficient } = line;
  const base = String(base_rate_minor_per_year);
  return monthlyAmount(line.declaration_count, {
    base_rate_minor_per_year: base,
    age_coefficient,
    mountain_coefficient,
  });
}

function keyOf(line: Pick<Line, 'for_month' | 'legal_entity_id' | 'mountain_group' | 'age_group'>): string {
  return `${line.for_month}|${line.legal_entity_id}|${line.mountain_group}|${line.age_group.padStart(5, '0')}`;
}

function byKey(a: Omit<Line, 'number'>, b: Omit<Line, 'number'>): number {
  return keyOf(a) < keyOf(b) ? -1 : 1;
}
