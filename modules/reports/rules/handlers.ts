import { exportDmn, type Revision, type TestCase } from '@zdravo/decisions';
import type { Handlers } from '@zdravo/kit/contract';
import { type Call, pageOf, pagingOf } from '@zdravo/kit/http';
import { sql } from 'kysely';
import type { ReportsDeps } from '../deps.ts';
import type { rules_contract } from './contract.ts';
import { decide, replayDecision } from './decide.ts';
import { dryRun } from './dry-run.ts';
import { endExperiment, listExperiments, startExperiment } from './experiments.ts';
import { hits } from './hits.ts';
import {
  type Actor,
  createTable,
  draft,
  edit,
  findings,
  getRevision,
  publishTable,
  replaceTestCases,
  testRevision,
} from './lifecycle.ts';
import { getTable, listRevisions, listTestCases } from './revision-store.ts';

export function rulesHandlers(deps: ReportsDeps): Handlers<typeof rules_contract> {
  return { ...revisionHandlers(deps), ...decisionHandlers(deps) };
}

type RulesHandlers = Handlers<typeof rules_contract>;
/** What is asked of a table in force; the others are about what comes into force. */
type DecisionHandlers = Pick<
  RulesHandlers,
  | 'countDecisionHits'
  | 'decideByTable'
  | 'listDecisions'
  | 'replayDecision'
  | 'listExperiments'
  | 'startExperiment'
  | 'endExperiment'
>;

function revisionHandlers(deps: ReportsDeps): Omit<RulesHandlers, keyof DecisionHandlers> {
  return {
    listDecisionTables: ({ query }) => listTables(deps, query),
    createDecisionTable: async ({ body }, call) => ({ data: await createTable(deps, body, actorOf(call)) }),
    getDecisionTable: async ({ params }) => ({ data: await describeTable(deps, params.id) }),
    draftDecisionRevision: async ({ params, body }, call) => ({
      data: shown(await draft(deps, params.id, body, actorOf(call))),
    }),
    getDecisionRevision: async ({ params }) => ({ data: await describeRevision(deps, params.id, params.number) }),
    editDecisionRevision: async ({ params, body }, call) => ({
      data: shown(await edit(deps, params.id, params.number, body.dmn, actorOf(call))),
    }),
    replaceDecisionTestCases: async ({ params, body }, call) => {
      await replaceTestCases(deps, params.id, body.test_cases as TestCase[], actorOf(call));
      return { data: (await listTestCases(deps.db, params.id)) as never };
    },
    testDecisionRevision: async ({ params }, call) => ({
      data: await testRevision(deps, params.id, params.number, actorOf(call)),
    }),
    publishDecisionRevision: async ({ params, body }, call) => ({
      data: shown(await publishTable(deps, params.id, params.number, body, actorOf(call))),
    }),
    dryRunDecisionRevision: async ({ params }) => ({ data: await dryRun(deps, params.id, params.number) }),
  };
}

function decisionHandlers(deps: ReportsDeps): DecisionHandlers {
  return {
    countDecisionHits: async ({ params }) => ({ data: await hits(deps, params.id, params.number) }),
    decideByTable: async ({ params, body }, { principal }) => ({
      data: await decide(deps, params.id, body, principal.client_id),
    }),
    listDecisions: ({ params, query }) => listDecisions(deps, params.id, query),
    replayDecision: async ({ params }) => ({ data: (await replayDecision(deps, params.id)) as never }),
    listExperiments: ({ params, query }) => listExperiments(deps, params.id, query),
    startExperiment: async ({ params, body }, call) => ({
      data: await startExperiment(deps, params.id, body, actorOf(call)),
    }),
    endExperiment: async ({ params }, call) => {
      await endExperiment(deps, params.id, params.experiment_id, actorOf(call));
      return { data: { id: params.experiment_id } };
    },
  };
}

function actorOf({ principal, request_id }: Call): Actor {
  return { user_id: principal.user_id, client_id: principal.client_id, request_id };
}

/** Without the model itself: that is what the DMN is for. */
function shown({ model: _, ...revision }: Revision) {
  return revision;
}

async function describeRevision(deps: ReportsDeps, id: string, number: number) {
  const revision = await getRevision(deps, id, number);
  return { ...shown(revision), dmn: exportDmn(revision.model), findings: await findings(deps, id, number) };
}

async function describeTable({ db }: ReportsDeps, id: string) {
  const table = await getTable(db, id);
  const revisions = (await listRevisions(db, id)).map(shown);
  return { ...table, revisions, test_cases: (await listTestCases(db, id)) as never };
}

type PageQuery = { page?: number; page_size?: number };

async function listTables({ db }: ReportsDeps, query: PageQuery & { key?: string }) {
  const page = pageOf(query);
  const rows = db
    .selectFrom('reports.decision_tables')
    .$if(query.key !== undefined, (one) => one.where('key', '=', query.key!));
  const { count } = await rows.select(sql<number>`count(*)`.as('count')).executeTakeFirstOrThrow();
  const data = await rows.selectAll().orderBy('key').limit(page.limit).offset(page.offset).execute();
  return { data, paging: pagingOf(page, count) };
}

async function listDecisions({ db }: ReportsDeps, table_id: string, query: PageQuery & { revision?: number }) {
  await getTable(db, table_id);
  const page = pageOf(query);
  const rows = db
    .selectFrom('reports.decisions')
    .where('table_id', '=', table_id)
    .$if(query.revision !== undefined, (one) => one.where('revision', '=', query.revision!));
  const { count } = await rows.select(sql<number>`count(*)`.as('count')).executeTakeFirstOrThrow();
  const data = await rows.selectAll().orderBy('decided_at', 'desc').limit(page.limit).offset(page.offset).execute();
  return { data, paging: pagingOf(page, count) };
}
