import { randomUUID } from 'node:crypto';
import { assignVariant, type Experiment, type Revision } from '@zdravo/decisions';
import { pageOf, pagingOf } from '@zdravo/kit/http';
import { conflict, invalidField, notFound } from '@zdravo/kit/problem';
import { sql } from 'kysely';
import type { ReportsDeps } from '../deps.ts';
import { type Actor, change } from './lifecycle.ts';
import { decisionProblem } from './problems.ts';
import { getTable, listRevisions } from './revision-store.ts';

export type NewExperiment = { champion: number; challengers: { revision: number; share: number }[] };

/** Challengers decide for a share of the subjects, in basis points; one experiment per table at a time. */
export async function startExperiment(deps: ReportsDeps, table_id: string, input: NewExperiment, actor: Actor) {
  refuseUnpublished(await listRevisions(deps.db, (await getTable(deps.db, table_id)).id), input);
  const id = randomUUID();
  const challengers = input.challengers.map(({ revision, share }) => ({ variant: String(revision), share }));
  try {
    assignVariant({ id, champion: String(input.champion), challengers }, 'anybody');
  } catch (error) {
    throw decisionProblem(error, '$.challengers');
  }
  refuseTwice([input.champion, ...input.challengers.map(({ revision }) => revision)]);
  await change(deps, table_id, actor, 'experiment.start', async (transaction) => {
    const { rows } = await sql`
      insert into reports.experiments (id, table_id, champion, challengers, started_by)
      values (${id}, ${table_id}, ${input.champion}, ${JSON.stringify(challengers)}, ${actor.user_id})
      on conflict do nothing returning id`.execute(transaction);
    if (rows.length === 0) throw conflict('Another experiment of this table is running.', 'experiment_running');
  });
  return { id, table_id, champion: input.champion, challengers: input.challengers };
}

function refuseUnpublished(revisions: readonly Revision[], { champion, challengers }: NewExperiment): void {
  const named: [entry: string, number: number][] = [
    ['$.champion', champion],
    ...challengers.map(({ revision }, i): [string, number] => [`$.challengers[${i}].revision`, revision]),
  ];
  for (const [entry, number] of named)
    if (revisions.find((one) => one.number === number)?.state !== 'published')
      throw invalidField(entry, `revision ${number} is not published`, 'published');
}

/** A revision that stands against itself would be counted twice and compared with nothing. */
function refuseTwice(revisions: readonly number[]): void {
  const twice = revisions.find((number, i) => revisions.indexOf(number) !== i);
  if (twice !== undefined) throw invalidField('$.challengers', `revision ${twice} is named twice`, 'unique');
}

export async function endExperiment(deps: ReportsDeps, table_id: string, id: string, actor: Actor): Promise<void> {
  await change(deps, table_id, actor, 'experiment.end', async (transaction) => {
    const { numUpdatedRows } = await transaction
      .updateTable('reports.experiments')
      .set({ ended_at: deps.clock.now().toISOString() })
      .where('id', '=', id)
      .where('table_id', '=', table_id)
      .where('ended_at', 'is', null)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) throw notFound('There is no such running experiment.', 'experiment_not_found');
  });
}

/** The one that runs for a table. */
export async function runningExperiment(
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

/** Who decides for a subject: always the same of an experiment's revisions. @throws Problem 422 without a subject. */
export function revisionFor(
  revisions: readonly Revision[],
  experiment: Experiment,
  subject: string | undefined,
): Revision {
  if (subject === undefined)
    throw invalidField('$.subject', 'an experiment runs: it needs to know for whom', 'required');
  const number = Number(assignVariant(experiment, subject));
  return revisions.find((one) => one.number === number)!;
}

type ExperimentRow = {
  id: string;
  champion: number;
  challengers: { variant: string; share: number }[];
  started_at: string;
  started_by: string;
  ended_at: string | null;
  decisions: { revision: number; count: number }[];
};

/** Experiments of a table, newest first, each with the decisions that its revisions made. @throws Problem 404. */
export async function listExperiments(
  { db }: ReportsDeps,
  table_id: string,
  query: { page?: number; page_size?: number },
) {
  await getTable(db, table_id);
  const page = pageOf(query);
  const counted = await sql<{ count: number }>`
    select count(*) as count from reports.experiments where table_id = ${table_id}`.execute(db);
  const { rows } = await sql<ExperimentRow>`
    select e.id, e.champion, e.challengers, e.started_at, e.started_by, e.ended_at, coalesce((
      select jsonb_agg(jsonb_build_object('revision', revision, 'count', n) order by revision) from (
        select revision, count(*) as n from reports.decisions d where d.experiment_id = e.id group by 1) made), '[]') as decisions
    from reports.experiments e where e.table_id = ${table_id}
    order by e.started_at desc, e.id limit ${page.limit} offset ${page.offset}`.execute(db);
  const data = rows.map(({ challengers, ...row }) => ({
    ...row,
    challengers: challengers.map(({ variant, share }) => ({ revision: Number(variant), share })),
  }));
  return { data, paging: pagingOf(page, counted.rows[0]!.count) };
}
