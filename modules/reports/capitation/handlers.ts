import type { Handlers } from '@zdravo/kit/contract';
import { pageOf, pagingOf } from '@zdravo/kit/http';
import { notFound } from '@zdravo/kit/problem';
import { sql } from 'kysely';
import type { ReportsDeps } from '../deps.ts';
import { replicaStatus } from '../replica/readiness.ts';
import { ownLegalEntity } from '../viewer.ts';
import type { capitation_contract } from './contract.ts';
import { explainDeclaration } from './explain.ts';
import { listDetails } from './list-details.ts';
import { beginRun, finishRun } from './run.ts';
import { getRun } from './run-record.ts';

export function capitationHandlers(deps: ReportsDeps): Handlers<typeof capitation_contract> {
  const { db } = deps;
  return {
    listCapitationReports: ({ query }) => listReports(deps, query),
    startCapitationReport: async ({ body }, { principal }) => {
      const run = await beginRun(deps, body.billing_month, principal.user_id);
      finishRun(deps, run).catch((error: unknown) =>
        deps.log.error({ err: error, run_id: run.id }, 'a capitation run stopped'),
      );
      return { data: reportOf(await getRun(db, run.id)) };
    },
    getCapitationReport: async ({ params }) => ({ data: await getReport(deps, params.id) }),
    listCapitationReportDetails: ({ query }, { principal }) => listDetails(db, query, ownLegalEntity(principal)),
    listCapitationReportErrors: ({ params, query }, { principal }) =>
      listErrors(deps, params.id, query, ownLegalEntity(principal)),
    explainCapitation: async ({ params }, { principal }) => {
      const explanation = await explainDeclaration(db, params.id, params.declaration_id);
      const own = ownLegalEntity(principal);
      // The same answer as for one that does not exist: whose declaration it is, is nobody else's business.
      if (own !== undefined && explanation.legal_entity_id !== own)
        throw notFound('There is no such declaration.', 'declaration_not_found');
      return { data: explanation };
    },
    listPublishedReports: ({ query }) => listPublished(deps, query),
    getReplicaStatus: async () => ({ data: await replicaStatus(db) }),
  };
}

type PageQuery = { page?: number; page_size?: number };

async function listReports({ db }: ReportsDeps, query: PageQuery & { billing_date?: string }) {
  const page = pageOf(query);
  const rows = db
    .selectFrom('reports.capitation_runs')
    .$if(query.billing_date !== undefined, (one) => one.where('billing_month', '=', query.billing_date!));
  const { count } = await rows.select(sql<number>`count(*)`.as('count')).executeTakeFirstOrThrow();
  const list = await rows
    .selectAll()
    .orderBy('billing_month', 'desc')
    .orderBy('started_at', 'desc')
    .limit(page.limit)
    .offset(page.offset)
    .execute();
  return { data: list.map(reportOf), paging: pagingOf(page, count) };
}

async function listPublished({ db, files }: ReportsDeps, query: PageQuery) {
  const page = pageOf(query);
  const rows = db.selectFrom('reports.capitation_runs').where('state', '=', 'published');
  const { count } = await rows.select(sql<number>`count(*)`.as('count')).executeTakeFirstOrThrow();
  const list = await rows
    .select(['id', 'billing_month', 'published_at'])
    .orderBy('billing_month', 'desc')
    .limit(page.limit)
    .offset(page.offset)
    .execute();
  const data = list.map(({ id, billing_month, published_at }) => ({
    id,
    type: 'capitation',
    billing_date: billing_month,
    public_url: files.url(`capitation/${billing_month}/capitation.csv`),
    inserted_at: published_at!,
  }));
  return { data, paging: pagingOf(page, count) };
}

type RunRow = Awaited<ReturnType<typeof getRun>>;

function reportOf({ id, billing_month, state, failure, published_at }: RunRow) {
  return { id, billing_date: billing_month, state, failure, published_at };
}

async function getReport({ db, files }: ReportsDeps, id: string) {
  const run = await getRun(db, id);
  const totals = await db
    .selectFrom('reports.capitation_lines')
    .select([
      sql<number>`coalesce(sum(declaration_count) filter (where kind = 'regular'), 0)::bigint`.as('declaration_count'),
      sql<number>`coalesce(sum(amount_minor), 0)::bigint`.as('amount_minor'),
    ])
    .where('run_id', '=', id)
    .executeTakeFirstOrThrow();
  const errors = await db
    .selectFrom('reports.capitation_errors')
    .select(['code', sql<number>`count(*)`.as('count')])
    .where('run_id', '=', id)
    .groupBy('code')
    .orderBy('code')
    .execute();
  const names = await db
    .selectFrom('reports.published_files')
    .select(['name', 'sha256'])
    .where('run_id', '=', id)
    .orderBy('name')
    .execute();
  return {
    ...reportOf(run),
    positions: run.positions,
    rates_revision: run.revision,
    code_version: run.code_version,
    progress: run.progress,
    ...totals,
    errors,
    files: names.map((file) => ({ ...file, url: files.url(`capitation/${run.billing_month}/${file.name}`) })),
  };
}

async function listErrors({ db }: ReportsDeps, run_id: string, query: PageQuery, own: string | undefined) {
  await getRun(db, run_id);
  const page = pageOf(query);
  const rows = db
    .selectFrom('reports.capitation_errors')
    .where('run_id', '=', run_id)
    .$if(own !== undefined, (one) => one.where('legal_entity_id', '=', own!));
  const { count } = await rows.select(sql<number>`count(*)`.as('count')).executeTakeFirstOrThrow();
  const data = await rows
    .select(['declaration_id', 'legal_entity_id', 'code'])
    .orderBy('declaration_id')
    .limit(page.limit)
    .offset(page.offset)
    .execute();
  return { data, paging: pagingOf(page, count) };
}
