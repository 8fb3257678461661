import { daysBefore } from '@zdravo/kit/clock';
import type { Event } from '@zdravo/kit/events';
import { pageOf, pagingOf } from '@zdravo/kit/http';
import type { Job } from '@zdravo/kit/jobs';
import type { IlDeps, IlTransaction } from '../deps.ts';

type CanaryPayload = { reason: string; path: string[]; client_id: string; purpose: string; request_id: string };

/** Keeps what the patient index tells of those who surf; an event that comes again changes nothing. */
export async function keepCanary(transaction: IlTransaction, event: Event): Promise<void> {
  const { reason, path, client_id, purpose, request_id } = event.payload as CanaryPayload;
  await transaction
    .insertInto('il.search_canaries')
    .values({
      id: event.id,
      actor_id: event.object_id,
      client_id,
      reason,
      path,
      purpose,
      request_id,
      raised_at: event.occurred_at,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
}

type CanaryQuery = { page?: number; page_size?: number; actor_id?: string; client_id?: string };

/** The newest first. */
export async function listSearchCanaries({ db }: IlDeps, query: CanaryQuery) {
  const page = pageOf(query);
  let filtered = db.selectFrom('il.search_canaries');
  if (query.actor_id !== undefined) filtered = filtered.where('actor_id', '=', query.actor_id);
  if (query.client_id !== undefined) filtered = filtered.where('client_id', '=', query.client_id);
  const { total } = await filtered.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const data = await filtered
    .selectAll()
    .orderBy('raised_at', 'desc')
    .orderBy('id')
    .limit(page.limit)
    .offset(page.offset)
    .execute();
  return { data, paging: pagingOf(page, total) };
}

/** How long officers may look back, days. */
const kept_days = 365;

export function canaryExpiryJob({ db, clock }: IlDeps): Job {
  return {
    name: 'delete_old_search_canaries',
    schedule: '55 1 * * *',
    run: async () => {
      const before = daysBefore(clock.now(), kept_days);
      await db.deleteFrom('il.search_canaries').where('raised_at', '<', before).execute();
    },
  };
}
