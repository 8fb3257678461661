import { pageOf, pagingOf } from '@zdravo/kit/http';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';

type DetailsQuery = {
  page?: number;
  page_size?: number;
  report_id?: string;
  edrpou?: string;
  legal_entity_id?: string;
};

/** Lines of published reports; of `own` legal entity only, when given. The original's filter was ignored at first (il#2475). */
export async function listDetails(db: Kysely<Tables>, query: DetailsQuery, own: string | undefined) {
  const page = pageOf(query);
  const lines = linesOf(db, query, own);
  const { count } = await lines.select(sql<number>`count(*)`.as('count')).executeTakeFirstOrThrow();
  const data = await lines
    .select([
      'l.run_id as capitation_report_id',
      'r.billing_month as billing_date',
      'l.number as line',
      'l.kind',
      'l.for_month',
      'l.legal_entity_id',
      'e.edrpou',
      'e.name as legal_entity_name',
      'c.contract_id',
      'l.mountain_group',
      'l.age_group',
      'l.declaration_count',
      'l.base_rate_minor_per_year',
      'l.age_coefficient',
      'l.mountain_coefficient',
      'l.amount_minor',
    ])
    .orderBy('r.billing_month', 'desc')
    .orderBy('l.run_id')
    .orderBy('l.number')
    .limit(page.limit)
    .offset(page.offset)
    .execute();
  return { data, paging: pagingOf(page, count) };
}

function linesOf(db: Kysely<Tables>, { report_id, edrpou, legal_entity_id }: DetailsQuery, own: string | undefined) {
  return db
    .selectFrom('reports.capitation_lines as l')
    .innerJoin('reports.capitation_runs as r', 'r.id', 'l.run_id')
    .innerJoin('reports.capitation_legal_entities as e', (join) =>
      join.onRef('e.run_id', '=', 'l.run_id').onRef('e.legal_entity_id', '=', 'l.legal_entity_id'),
    )
    .leftJoin('reports.capitation_contracts as c', (join) =>
      join
        .onRef('c.run_id', '=', 'l.run_id')
        .onRef('c.for_month', '=', 'l.for_month')
        .onRef('c.legal_entity_id', '=', 'l.legal_entity_id'),
    )
    .where('r.state', '=', 'published')
    .$if(report_id !== undefined, (one) => one.where('l.run_id', '=', report_id!))
    .$if(edrpou !== undefined, (one) => one.where('e.edrpou', '=', edrpou!))
    .$if(legal_entity_id !== undefined, (one) => one.where('l.legal_entity_id', '=', legal_entity_id!))
    .$if(own !== undefined, (one) => one.where('l.legal_entity_id', '=', own!));
}
