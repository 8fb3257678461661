import type { Handlers } from '@zdravo/kit/contract';
import { pageOf, pagingOf } from '@zdravo/kit/http';
import type { IlDeps } from '../deps.ts';
import { carryOutErasure } from './carry-out.ts';
import type { contract, PersonErasure } from './contract.ts';
import { decide, findOrder, orderErasure } from './orders.ts';

export function createHandlers(deps: IlDeps): Handlers<typeof contract> {
  return {
    listPersonErasures: async ({ query }) => {
      const page = pageOf(query);
      let filtered = deps.db.selectFrom('il.person_erasures');
      if (query.person_id !== undefined) filtered = filtered.where('person_id', '=', query.person_id);
      if (query.status !== undefined) filtered = filtered.where('status', '=', query.status);
      const { total } = await filtered.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
      const data = await filtered
        .selectAll()
        .orderBy('ordered_at', 'desc')
        .orderBy('id')
        .limit(page.limit)
        .offset(page.offset)
        .execute();
      return { data: data as PersonErasure[], paging: pagingOf(page, total) };
    },
    getPersonErasure: async ({ params }) => ({ data: await findOrder(deps.db, params.id) }),
    createPersonErasure: async ({ body }, call) => ({ data: await orderErasure(deps, body, call) }),
    approvePersonErasure: async ({ params }, call) => {
      const order = await decide(deps, params.id, 'APPROVED', call);
      return { data: await carryOutErasure(deps, order, call.context) };
    },
    rejectPersonErasure: async ({ params }, call) => ({ data: await decide(deps, params.id, 'REJECTED', call) }),
  };
}
