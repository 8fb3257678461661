import {
  type CompiledTable,
  countHits,
  createHitCounters,
  DecisionError,
  type HitCounters,
  type Revision,
  type Row,
  tablesBehind,
} from '@zdravo/decisions';
import { sql } from 'kysely';
import type { ReportsDeps } from '../deps.ts';
import { capitation_decision } from './capitation-model.ts';
import { compiled } from './decide.ts';
import { getRevision } from './lifecycle.ts';
import { decisionProblem } from './problems.ts';
import { getTable } from './revision-store.ts';

/**
 * How often every rule and cell of a revision matched, in every table behind the decisions that were made by it: for
 * callers, for the declarations of published months, and for the signals that stand.
 */
export async function hits(deps: ReportsDeps, table_id: string, number: number): Promise<HitCounters[]> {
  const { key } = await getTable(deps.db, table_id);
  const model = compiledOrRefused(await getRevision(deps, table_id, number));
  const counters = new Map([...model.tables.values()].map((table) => [table, createHitCounters(table)]));
  for (const decided of await decidedRows(deps, { table_id, key, number }))
    for (const table of tablesBehind(model, decided.decision)) count(table, counters.get(table)!, decided);
  return [...counters.values()].filter(({ rows }) => rows > 0);
}

/** @throws Problem 422 with the place in the table, for a draft that does not compile. */
function compiledOrRefused(revision: Revision) {
  try {
    return compiled(revision).compiled;
  } catch (error) {
    throw decisionProblem(error, '$');
  }
}

type Decided = { decision: string; inputs: Row; times: number };
type Which = { table_id: string; key: string; number: number };

/** Distinct inputs and how often each was decided; a closed month that later runs look at again counts once. */
async function decidedRows({ long_db }: ReportsDeps, { table_id, key, number }: Which): Promise<Decided[]> {
  const { rows } = await sql<Decided>`
    select decision, inputs, sum(times)::bigint as times from (
      select decision, inputs, count(*) as times from reports.decisions
      where table_id = ${table_id} and revision = ${number} group by 1, 2
      union all
      select ${sql.lit(capitation_decision)}, jsonb_build_object('age', age, 'mountain_group', mountain_group),
        sum(i.declaration_count)
      from reports.capitation_inputs i
      join reports.capitation_explanations e using (run_id, for_month, mountain_group, age)
      join reports.capitation_runs r on r.id = run_id and r.billing_month = for_month and r.state = 'published'
      where ${key} = 'capitation' and e.revision = ${number} and e.error_code is null group by age, mountain_group
      union all
      select kind, facts, count(*) from reports.signals
      where ${key} = 'fraud_signals' and table_revision = ${number} group by 1, 2
    ) decided group by 1, 2`.execute(long_db);
  return rows;
}

/** A required table that the decision did not look at may have nothing to say about the row: it counts nothing. */
function count(table: CompiledTable, counters: HitCounters, { inputs, times }: Decided): void {
  try {
    countHits(table, counters, inputs, times);
  } catch (error) {
    if (!(error instanceof DecisionError)) throw error;
  }
}
