import { randomUUID } from 'node:crypto';
import {
  assignVariant,
  type CompiledTable,
  compileRevision,
  countHits,
  createHitCounters,
  type DecisionRecord,
  decideAndRecord,
  type Experiment,
  explain,
  type HitCounters,
  type Revision,
  type RevisionAtWork,
  replay,
  revisionInForce,
} from '@zdravo/decisions';
import { conflict, invalidField, notFound } from '@zdravo/kit/problem';
import { sql } from 'kysely';
import type { ReportsDeps } from '../deps.ts';
import { decisionProblem } from './problems.ts';
import { getTable, listRevisions } from './revision-store.ts';

export type DecideInput = { decision: string; inputs: Record<string, unknown>; subject?: string };

/**
 * Decides one row by the revision in force, or by a challenger's when an experiment runs and the subject falls into its
 * share; kept with the revision's number and digest.
 */
export async function decide(deps: ReportsDeps, table_id: string, input: DecideInput, client_id: string) {
  const revisions = await listRevisions(deps.db, (await getTable(deps.db, table_id)).id);
  const experiment = await runningExperiment(deps, table_id);
  try {
    const revision = experiment
      ? revisionFor(revisions, experiment, input.subject)
      : revisionInForce(revisions, deps.clock.today());
    const at_work = compiled(revision);
    const decided_at = deps.clock.now().toISOString();
    const record = decideAndRecord(at_work, { decision: input.decision, inputs: input.inputs, decided_at });
    const id = randomUUID();
    await deps.db
      .insertInto('reports.decisions')
      .values({
        id,
        table_id,
        ...record,
        inputs: JSON.stringify(record.inputs),
        verdict: JSON.stringify(record.verdict),
        experiment_id: experiment?.id ?? null,
        subject: experiment ? (input.subject ?? null) : null,
        client_id,
      })
      .execute();
    const explanation = explain(at_work.compiled, input.decision, input.inputs);
    return { id, table_id, experiment_id: experiment?.id ?? null, ...record, explanation };
  } catch (error) {
    throw decisionProblem(error, '$.inputs');
  }
}

/** Plays a decision again by the revision that made it. */
export async function replayDecision(deps: ReportsDeps, id: string) {
  const row = await deps.db.selectFrom('reports.decisions').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw notFound('There is no such decision.', 'decision_not_found');
  try {
    const record = { ...row } as unknown as DecisionRecord;
    return { decision: row, ...replay(record, await listRevisions(deps.db, row.table_id)) };
  } catch (error) {
    throw decisionProblem(error, '$');
  }
}

/** How often every rule and cell of a revision matched: its history counted by distinct inputs. */
export async function hits(deps: ReportsDeps, table_id: string, number: number): Promise<HitCounters[]> {
  const revision = (await listRevisions(deps.db, table_id)).find((one) => one.number === number);
  if (!revision) throw notFound('There is no such revision.', 'decision_revision_not_found');
  const { rows } = await sql<{ decision: string; inputs: Record<string, unknown>; count: number }>`
    select decision, inputs, count(*) as count from reports.decisions
    where table_id = ${table_id} and revision = ${number} group by 1, 2`.execute(deps.db);
  const { compiled: model } = compiled(revision);
  return [...Map.groupBy(rows, (row) => row.decision)].map(([decision, list]) => {
    const table = model.table(decision);
    const counters = createHitCounters(table);
    for (const { inputs, count } of list) addTimes(counters, hitsOf(table, inputs), count);
    return counters;
  });
}

function hitsOf(table: CompiledTable, inputs: Record<string, unknown>): HitCounters {
  const counters = createHitCounters(table);
  countHits(table, counters, inputs);
  return counters;
}

function addTimes(sum: HitCounters, one: HitCounters, times: number): void {
  sum.rows += one.rows * times;
  sum.defaults += one.defaults * times;
  sum.none += one.none * times;
  one.rules.forEach((count, i) => {
    sum.rules[i]! += count * times;
  });
  one.cells.forEach((cells, i) => {
    cells.forEach((count, j) => {
      sum.cells[i]![j]! += count * times;
    });
  });
}

export type NewExperiment = { champion: number; challengers: { revision: number; share: number }[] };

/** Challengers decide for a share of the subjects, in basis points; one experiment per table at a time. */
export async function startExperiment(deps: ReportsDeps, table_id: string, input: NewExperiment, user_id: string) {
  const revisions = await listRevisions(deps.db, (await getTable(deps.db, table_id)).id);
  for (const number of [input.champion, ...input.challengers.map(({ revision }) => revision)]) {
    if (revisions.find((one) => one.number === number)?.state !== 'published')
      throw invalidField('$.champion', `revision ${number} is not published`, 'published');
  }
  const id = randomUUID();
  const challengers = input.challengers.map(({ revision, share }) => ({ variant: String(revision), share }));
  try {
    assignVariant({ id, champion: String(input.champion), challengers }, 'anybody');
  } catch (error) {
    throw decisionProblem(error, '$.challengers');
  }
  const { rows } = await sql`
    insert into reports.experiments (id, table_id, champion, challengers, started_by)
    values (${id}, ${table_id}, ${input.champion}, ${JSON.stringify(challengers)}, ${user_id})
    on conflict do nothing returning id`.execute(deps.db);
  if (rows.length === 0) throw conflict('Another experiment of this table is running.', 'experiment_running');
  return { id, table_id, champion: input.champion, challengers: input.challengers };
}

export async function endExperiment(deps: ReportsDeps, table_id: string, id: string): Promise<void> {
  const { numUpdatedRows } = await deps.db
    .updateTable('reports.experiments')
    .set({ ended_at: deps.clock.now().toISOString() })
    .where('id', '=', id)
    .where('table_id', '=', table_id)
    .where('ended_at', 'is', null)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw notFound('There is no such running experiment.', 'experiment_not_found');
}

async function runningExperiment(
  { db }: ReportsDeps,
  table_id: string,
): Promise<(Experiment & { id: string }) | undefined> {
  const row = await db
    .selectFrom('reports.experiments')
    .select(['id', 'champion', 'challengers'])
    .where('table_id', '=', table_id)
    .where('ended_at', 'is', null)
    .executeTakeFirst();
  if (!row) return undefined;
  return { id: row.id, champion: String(row.champion), challengers: row.challengers as Experiment['challengers'] };
}

function revisionFor(revisions: readonly Revision[], experiment: Experiment, subject: string | undefined): Revision {
  if (subject === undefined)
    throw invalidField('$.subject', 'an experiment runs: it needs to know for whom', 'required');
  const number = Number(assignVariant(experiment, subject));
  return revisions.find((one) => one.number === number)!;
}

/** Compiling is for once per content. */
const cache = new Map<string, RevisionAtWork>();

function compiled(revision: Revision): RevisionAtWork {
  const known = cache.get(revision.digest);
  if (known && known.revision.number === revision.number) return known;
  const made = compileRevision(revision);
  if (cache.size > 100) cache.clear();
  cache.set(revision.digest, made);
  return made;
}
