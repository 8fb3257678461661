import { notFound } from '@zdravo/kit/problem';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';
import { hryvnias, monthlyAmount } from './amounts.ts';
import { type ActiveDeclaration, activeDeclarations } from './gather.ts';
import { getRun } from './run-record.ts';
import { reasonOf, type Uncounted, uncounted } from './uncounted.ts';

export type DeclarationExplanation = {
  declaration_id: string;
  report_id: string;
  billing_date: string;
  counts: boolean;
  /** Why it does not count: `not_active`, or the code of an error. */
  reason: string | null;
  legal_entity_id: string | null;
  mountain_group: boolean | null;
  age: number | null;
  age_group: string | null;
  coefficient: string | null;
  amount_minor: number | null;
  line: number | null;
  text: string;
};

/** Why a declaration counts as it does in a run, or does not. Reads the replica, so it is for one at a time. */
export async function explainDeclaration(
  db: Kysely<Tables>,
  run_id: string,
  declaration_id: string,
): Promise<DeclarationExplanation> {
  const run = await getRun(db, run_id);
  const known = await sql<{ legal_entity_id: string }>`
    select legal_entity_id from ops.declaration_heads where id = ${declaration_id}`.execute(db);
  const { rows } = await activeDeclarations(run.billing_month, declaration_id).execute(db);
  const found = rows[0];
  if (!known.rows[0] && !found) throw notFound('There is no such declaration.', 'declaration_not_found');
  const base = {
    ...nothing,
    declaration_id,
    report_id: run_id,
    billing_date: run.billing_month,
    legal_entity_id: known.rows[0]?.legal_entity_id ?? null,
  };
  if (!found) return { ...base, reason: 'not_active', text: 'It was not active at 0:00 of the billing date in Kyiv.' };
  const inputs = { mountain_group: found.mountain_group, age: found.age };
  const reason = found.problem === null ? await listedReason(db, run_id, declaration_id) : reasonOf(found.problem);
  if (reason) return { ...base, ...inputs, reason, text: uncounted[reason] };
  return { ...base, ...inputs, ...(await verdictOf(db, run, found)) };
}

const nothing = {
  counts: false,
  reason: null,
  mountain_group: null,
  age: null,
  age_group: null,
  coefficient: null,
  amount_minor: null,
  line: null,
};

/** Limits look at all patients of a doctor: what the run found is looked up, not worked out again. */
async function listedReason(
  db: Kysely<Tables>,
  run_id: string,
  declaration_id: string,
): Promise<Uncounted | undefined> {
  const row = await db
    .selectFrom('reports.capitation_errors')
    .select('code')
    .where('run_id', '=', run_id)
    .where('declaration_id', '=', declaration_id)
    .executeTakeFirst();
  return row && Object.hasOwn(uncounted, row.code) ? (row.code as Uncounted) : undefined;
}

async function verdictOf(db: Kysely<Tables>, run: { id: string; billing_month: string }, found: ActiveDeclaration) {
  const { rows } = await sql<Verdict>`
    select e.text, e.error_code, e.output ->> 'age_group' as age_group, l.number as line,
      e.output ->> 'base_rate_minor_per_year' as base_rate_minor_per_year,
      e.output ->> 'age_coefficient' as age_coefficient, e.output ->> 'mountain_coefficient' as mountain_coefficient
    from reports.capitation_explanations e
    left join reports.capitation_lines l on l.run_id = e.run_id and l.for_month = e.for_month
      and l.legal_entity_id = ${found.legal_entity_id} and l.mountain_group = e.mountain_group and l.age_group = e.output ->> 'age_group'
    where e.run_id = ${run.id} and e.for_month = ${run.billing_month}::date
      and e.mountain_group = ${found.mountain_group} and e.age = ${found.age}`.execute(db);
  const verdict = rows[0];
  if (!verdict) return { reason: 'changed_since', text: 'What is known now was not known when the report was made.' };
  if (verdict.error_code) return { reason: verdict.error_code.toLowerCase(), text: verdict.text };
  const { age_group, line, text } = verdict;
  const amount_minor = monthlyAmount(1, verdict);
  return {
    counts: true,
    age_group,
    line,
    text: `${sentenceOf(run, found, { ...verdict, amount_minor })}\n${text}`,
    coefficient: verdict.age_coefficient,
    amount_minor,
  };
}

/** What a clinic wants to know first; the rules that gave it follow. */
function sentenceOf(
  { billing_month }: { billing_month: string },
  { age, mountain_group }: ActiveDeclaration,
  {
    age_group,
    age_coefficient,
    mountain_coefficient,
    base_rate_minor_per_year,
    amount_minor,
  }: Verdict & { amount_minor: number },
): string {
  const place = mountain_group ? 'in the mountains' : 'not in the mountains';
  const product = `${hryvnias(Number(base_rate_minor_per_year))} UAH a year × ${age_coefficient} × ${mountain_coefficient} ÷ 12`;
  return (
    `This patient counts ${age_coefficient} because they were ${age} on ${billing_month}, which is group ${age_group}; ` +
    `the division is ${place} (× ${mountain_coefficient}). ${product} = ${hryvnias(amount_minor)} UAH.`
  );
}

type Verdict = {
  text: string;
  error_code: string | null;
  age_group: string;
  line: number | null;
  base_rate_minor_per_year: string;
  age_coefficient: string;
  mountain_coefficient: string;
};
