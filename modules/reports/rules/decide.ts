import { randomUUID } from 'node:crypto';
import {
  compileRevision,
  type DecisionRecord,
  decideAndRecord,
  explain,
  type Revision,
  type RevisionAtWork,
  replay,
  revisionInForce,
} from '@zdravo/decisions';
import { notFound } from '@zdravo/kit/problem';
import type { ReportsDeps } from '../deps.ts';
import { revisionFor, runningExperiment } from './experiments.ts';
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

const cache = new Map<string, RevisionAtWork>();

/** Compiling is for once per content. */
export function compiled(revision: Revision): RevisionAtWork {
  const known = cache.get(revision.digest);
  if (known && known.revision.number === revision.number) return known;
  const made = compileRevision(revision);
  if (cache.size > 100) cache.clear();
  cache.set(revision.digest, made);
  return made;
}
