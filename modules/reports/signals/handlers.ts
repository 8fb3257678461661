import type { Handlers } from '@zdravo/kit/contract';
import { pageOf, pagingOf } from '@zdravo/kit/http';
import { conflict, notFound } from '@zdravo/kit/problem';
import { sql } from 'kysely';
import type { ReportsDeps } from '../deps.ts';
import type { signals_contract } from './contract.ts';

type ListQuery = { page?: number; page_size?: number; kind?: string; state?: string; legal_entity_id?: string };
type State = 'new' | 'in_work' | 'confirmed' | 'dismissed';

/** What may follow what: a decided signal is only opened again, never decided anew in silence. */
const next_states: Record<State, State[]> = {
  new: ['in_work', 'confirmed', 'dismissed'],
  in_work: ['new', 'confirmed', 'dismissed'],
  confirmed: ['in_work'],
  dismissed: ['in_work'],
};

export function signalsHandlers(deps: ReportsDeps): Handlers<typeof signals_contract> {
  return {
    listSignals: ({ query }) => listSignals(deps, query),
    changeSignal: async ({ params, body }, { principal, request_id }) => ({
      data: await changeSignal(deps, params.id, body as { state: State; note?: string }, {
        user_id: principal.user_id,
        request_id,
      }),
    }),
  };
}

async function listSignals({ db }: ReportsDeps, query: ListQuery) {
  const page = pageOf(query);
  const rows = db
    .selectFrom('reports.signals')
    .$if(query.kind !== undefined, (one) => one.where('kind', '=', query.kind!))
    .$if(query.state !== undefined, (one) => one.where('state', '=', query.state!))
    .$if(query.legal_entity_id !== undefined, (one) => one.where('legal_entity_id', '=', query.legal_entity_id!));
  const { count } = await rows.select(sql<number>`count(*)`.as('count')).executeTakeFirstOrThrow();
  const data = await rows
    .selectAll()
    .orderBy('score', 'desc')
    .orderBy('id')
    .limit(page.limit)
    .offset(page.offset)
    .execute();
  return { data, paging: pagingOf(page, count) };
}

async function changeSignal(
  { db, clock }: ReportsDeps,
  id: string,
  { state, note }: { state: State; note?: string },
  actor: { user_id: string; request_id: string },
) {
  return db.transaction().execute(async (transaction) => {
    const signal = await transaction
      .selectFrom('reports.signals')
      .select('state')
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirst();
    if (!signal) throw notFound('There is no such signal.', 'signal_not_found');
    if (!next_states[signal.state as State].includes(state))
      throw conflict(`A signal that is ${signal.state} cannot become ${state}.`, 'signal_state');
    const { request_id, user_id } = actor;
    const audited = { request_id, actor_id: user_id, action: `signal.${state}`, resource: 'signal', resource_id: id };
    await transaction.insertInto('reports.audit_log').values(audited).execute();
    return transaction
      .updateTable('reports.signals')
      .set({
        state,
        decided_by: user_id,
        decided_at: clock.now().toISOString(),
        ...(note === undefined ? {} : { note }),
      })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow();
  });
}
