import { randomUUID } from 'node:crypto';
import {
  DecisionError,
  draftRevision,
  editRevision,
  exportDmn,
  type Finding,
  importDmn,
  publishRevision,
  type Revision,
  recordTests,
  restoreRevision,
  runTestCases,
  type TestCase,
  type TestReport,
  validateModel,
} from '@zdravo/decisions';
import type { Transaction } from '@zdravo/kit/db';
import { notFound } from '@zdravo/kit/problem';
import type { ReportsDeps } from '../deps.ts';
import type { Tables } from '../tables.ts';
import { decisionProblem } from './problems.ts';
import {
  getTable,
  insertTable,
  listRevisions,
  listTestCases,
  lockTable,
  saveRevision,
  saveTestCases,
} from './revision-store.ts';

export type Actor = { user_id: string; request_id: string; client_id?: string };

/** A table with a first draft. @throws Problem 422 with the place in the DMN, 409 for a key that is taken. */
export async function createTable(deps: ReportsDeps, input: { key: string; title: string; dmn: string }, actor: Actor) {
  const { model } = readDmn(input.dmn);
  const id = randomUUID();
  await change(deps, id, actor, 'decision_table.create', async (transaction) => {
    await insertTable(transaction, { id, key: input.key, title: input.title, inserted_by: actor.user_id });
    await saveRevision(transaction, id, draftRevision([], model, act(deps, actor)));
  });
  return getTable(deps.db, id);
}

/** A new draft: of a document, or with the content of an earlier revision (rollback). */
export async function draft(
  deps: ReportsDeps,
  table_id: string,
  input: { dmn?: string; restores?: number },
  actor: Actor,
) {
  return step(deps, table_id, actor, 'decision_revision.draft', (revisions) =>
    input.restores === undefined
      ? draftRevision(revisions, readDmn(input.dmn ?? '').model, act(deps, actor))
      : restoreRevision(revisions, input.restores, act(deps, actor)),
  );
}

/** New content of a draft; its tests no longer count. */
export async function edit(deps: ReportsDeps, table_id: string, number: number, dmn: string, actor: Actor) {
  const { model } = readDmn(dmn);
  return step(deps, table_id, actor, 'decision_revision.edit', (revisions) =>
    editRevision(pick(revisions, number), model, act(deps, actor)),
  );
}

/** Findings of a revision (gaps, overlaps, rules that decide nothing), each with its cell, and line and column in the DMN. */
export async function findings(deps: ReportsDeps, table_id: string, number: number): Promise<Finding[]> {
  const { dmn } = await getRevision(deps, table_id, number);
  const { model, places } = readDmn(dmn);
  return validateModel(model, places);
}

/** Runs the table's test cases against a revision; all passed, it may be published. */
export async function testRevision(
  deps: ReportsDeps,
  table_id: string,
  number: number,
  actor: Actor,
): Promise<TestReport> {
  let report: TestReport | undefined;
  await step(deps, table_id, actor, 'decision_revision.test', async (revisions, transaction) => {
    const revision = pick(revisions, number);
    report = runTestCases(revision.model, await listTestCases(transaction, table_id));
    return report.failed > 0 || report.passed === 0 ? revision : recordTests(revision, report, act(deps, actor));
  });
  return report!;
}

export type PublishInput = { effective_from: string; reason?: string };

/** Puts a tested revision into force from a day on; someone else than its author. */
export async function publishTable(
  deps: ReportsDeps,
  table_id: string,
  number: number,
  input: PublishInput,
  actor: Actor,
) {
  return step(deps, table_id, actor, 'decision_revision.publish', (revisions) =>
    publishRevision(pick(revisions, number), {
      ...act(deps, actor),
      effective_from: input.effective_from,
      today: deps.clock.today(),
      ...(input.reason ? { reason: input.reason } : {}),
    }),
  );
}

export async function replaceTestCases(
  deps: ReportsDeps,
  table_id: string,
  cases: TestCase[],
  actor: Actor,
): Promise<void> {
  await getTable(deps.db, table_id);
  await change(deps, table_id, actor, 'decision_test_cases.replace', async (transaction) => {
    await lockTable(transaction, table_id);
    await saveTestCases(transaction, table_id, cases);
  });
}

/** @throws Problem 404. */
export async function getRevision(
  { db }: ReportsDeps,
  table_id: string,
  number: number,
): Promise<Revision & { dmn: string }> {
  await getTable(db, table_id);
  const revision = pick(await listRevisions(db, table_id), number);
  return { ...revision, dmn: exportDmn(revision.model) };
}

export function readDmn(dmn: string) {
  try {
    return importDmn(dmn);
  } catch (error) {
    throw decisionProblem(error, '$.dmn');
  }
}

type Step = (revisions: Revision[], transaction: Transaction<Tables>) => Revision | Promise<Revision>;

async function step(deps: ReportsDeps, table_id: string, actor: Actor, action: string, next: Step): Promise<Revision> {
  await getTable(deps.db, table_id);
  return change(deps, table_id, actor, action, async (transaction) => {
    await lockTable(transaction, table_id);
    try {
      const before = await listRevisions(transaction, table_id);
      const revision = await next(before, transaction);
      if (!before.includes(revision)) await saveRevision(transaction, table_id, revision);
      return revision;
    } catch (error) {
      throw error instanceof DecisionError ? decisionProblem(error, '$') : error;
    }
  });
}

/** What analysts change, and the audit row that says who: one transaction. */
export async function change<Result>(
  { db }: ReportsDeps,
  table_id: string,
  actor: Actor,
  action: string,
  work: (transaction: Transaction<Tables>) => Promise<Result>,
): Promise<Result> {
  return db.transaction().execute(async (transaction) => {
    const result = await work(transaction);
    const { request_id, user_id, client_id = null } = actor;
    const row = { request_id, actor_id: user_id, client_id, action, resource: 'decision_table', resource_id: table_id };
    await transaction.insertInto('reports.audit_log').values(row).execute();
    return result;
  });
}

function pick(revisions: readonly Revision[], number: number): Revision {
  const revision = revisions.find((one) => one.number === number);
  if (!revision) throw notFound('There is no such revision.', 'decision_revision_not_found');
  return revision;
}

function act({ clock }: ReportsDeps, { user_id }: Actor) {
  return { by: user_id, at: clock.now().toISOString() };
}
