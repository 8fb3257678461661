import type { Revision } from '@zdravo/decisions';
import { conflict } from '@zdravo/kit/problem';
import { sql } from 'kysely';
import { monthlyAmount } from '../capitation/amounts.ts';
import { decideInputs, refuseTwoRates } from '../capitation/decide.ts';
import type { ReportsDeps } from '../deps.ts';
import { getRevision } from './lifecycle.ts';
import { decisionProblem } from './problems.ts';
import { getTable } from './revision-store.ts';

/** What would change for a legal entity, by its id, or for a region, which has none beside its name. */
export type DryRunRow = {
  id?: string;
  name: string;
  before_minor: number;
  after_minor: number;
  difference_minor: number;
};
export type DryRun = {
  billing_month: string;
  before_minor: number;
  after_minor: number;
  difference_minor: number;
  undecided_declarations: number;
  legal_entities: DryRunRow[];
  regions: DryRunRow[];
};

type Counted = {
  legal_entity_id: string;
  name: string;
  area: string;
  mountain_group: boolean;
  age: number;
  count: number;
  old: Rate | null;
};
type Rate = Parameters<typeof monthlyAmount>[1] & { age_group: string };

/**
 * What a draft of the capitation table would have paid for the last published month, beside what was paid.
 * @throws Problem 409 before the first month and for other tables, 422 for a draft that does not compile.
 */
export async function dryRun(deps: ReportsDeps, table_id: string, number: number): Promise<DryRun> {
  const table = await getTable(deps.db, table_id);
  if (table.key !== 'capitation') throw conflict('Only the capitation table pays.', 'dry_run_impossible');
  const revision = await getRevision(deps, table_id, number);
  const last = await lastPublished(deps);
  const counted = await countedOf(deps, last);
  const newRate = newRates(revision, counted);
  const before = amountsBy(counted, (row) => row.old ?? undefined);
  const after = amountsBy(counted, newRate);
  const legal_entities = compare(counted, before, after, {
    key: ({ legal_entity_id }) => legal_entity_id,
    named: ({ legal_entity_id: id, name }) => ({ id, name }),
  });
  const regions = compare(counted, before, after, { key: ({ area }) => area, named: ({ area: name }) => ({ name }) });
  const sum = (name: 'before_minor' | 'after_minor' | 'difference_minor') =>
    legal_entities.reduce((total, row) => total + row[name], 0);
  return {
    billing_month: last.billing_month,
    before_minor: sum('before_minor'),
    after_minor: sum('after_minor'),
    difference_minor: sum('difference_minor'),
    undecided_declarations: counted.filter((row) => !newRate(row)).reduce((total, row) => total + row.count, 0),
    legal_entities,
    regions,
  };
}

async function lastPublished({ db }: ReportsDeps): Promise<{ id: string; billing_month: string }> {
  const last = await db
    .selectFrom('reports.capitation_runs')
    .select(['id', 'billing_month'])
    .where('state', '=', 'published')
    .orderBy('billing_month', 'desc')
    .executeTakeFirst();
  if (last) return last;
  throw conflict('No month has been published yet.', 'dry_run_impossible');
}

/**
 * What the revision says of every row; nothing of those that it refuses.
 * @throws Problem 422 with the place in the table, for a draft that does not compile; 409 for two rates in a group.
 */
function newRates(revision: Revision, counted: readonly Counted[]): (row: Counted) => Rate | undefined {
  const keyOf = (row: { mountain_group: boolean; age: number }) => `${row.mountain_group}${row.age}`;
  const inputs = new Map(counted.map((row) => [keyOf(row), { mountain_group: row.mountain_group, age: row.age }]));
  try {
    const decided = decideInputs(revision, [...inputs.values()]);
    refuseTwoRates(`of revision ${revision.number}`, decided);
    const verdicts = new Map(decided.map((one) => [keyOf(one), one.verdict]));
    return (row) => verdicts.get(keyOf(row));
  } catch (error) {
    throw decisionProblem(error, '$');
  }
}

async function countedOf({ long_db }: ReportsDeps, run: { id: string; billing_month: string }): Promise<Counted[]> {
  const { rows } = await sql<Counted>`
    select i.legal_entity_id, e.name, e.area, i.mountain_group, i.age, i.declaration_count as count, x.output as old
    from reports.capitation_inputs i
    join reports.capitation_explanations x using (run_id, for_month, mountain_group, age)
    join reports.capitation_legal_entities e using (run_id, legal_entity_id)
    where i.run_id = ${run.id} and i.for_month = ${run.billing_month}::date`.execute(long_db);
  return rows;
}

/** Money is rounded per line, as in a run: per legal entity, mountain flag and age group. */
function amountsBy(counted: readonly Counted[], rateOf: (row: Counted) => Rate | undefined): Map<string, number> {
  const lines = new Map<string, { legal_entity_id: string; count: number; rate: Rate }>();
  for (const row of counted) {
    const rate = rateOf(row);
    if (!rate) continue;
    const key = `${row.legal_entity_id}|${row.mountain_group}|${rate.age_group}|${rate.age_coefficient}`;
    const line = lines.get(key) ?? { legal_entity_id: row.legal_entity_id, count: 0, rate };
    line.count += row.count;
    lines.set(key, line);
  }
  const amounts = new Map<string, number>();
  for (const { legal_entity_id, count, rate } of lines.values())
    amounts.set(legal_entity_id, (amounts.get(legal_entity_id) ?? 0) + monthlyAmount(count, rate));
  return amounts;
}

function compare(
  counted: readonly Counted[],
  before: Map<string, number>,
  after: Map<string, number>,
  by: { key(row: Counted): string; named(row: Counted): Pick<DryRunRow, 'id' | 'name'> },
): DryRunRow[] {
  const entities = new Map(counted.map((row) => [row.legal_entity_id, row]));
  const rows = new Map<string, DryRunRow>();
  for (const [entity, row] of entities) {
    const key = by.key(row);
    const known = rows.get(key) ?? { ...by.named(row), before_minor: 0, after_minor: 0, difference_minor: 0 };
    known.before_minor += before.get(entity) ?? 0;
    known.after_minor += after.get(entity) ?? 0;
    known.difference_minor = known.after_minor - known.before_minor;
    rows.set(key, known);
  }
  return [...rows.values()].sort(
    (a, b) => Math.abs(b.difference_minor) - Math.abs(a.difference_minor) || (a.name < b.name ? -1 : 1),
  );
}
