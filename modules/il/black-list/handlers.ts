import { randomUUID } from 'node:crypto';
import type { Handlers } from '@zdravo/kit/contract';
import { pageOf, pagingOf } from '@zdravo/kit/http';
import type { IlDeps } from '../deps.ts';
import { checkTaxId, refuse } from '../schemas/checks.ts';
import type { contract } from './contract.ts';

export function createHandlers(deps: IlDeps): Handlers<typeof contract> {
  return {
    listBlackListUsers: async ({ query }) => {
      const page = pageOf(query);
      const { rows, total } = await deps.prm.listBlackList({ ...query, limit: page.limit, offset: page.offset });
      return { data: rows, paging: pagingOf(page, total) };
    },
    createBlackListUser: async ({ body }, call) => {
      refuse(checkTaxId(body.tax_id, '$.tax_id'));
      const within = { context: call.context, actor_id: call.principal.user_id };
      return { data: await deps.prm.addToBlackList({ id: randomUUID(), tax_id: body.tax_id }, within) };
    },
    deactivateBlackListUser: async ({ params }, call) => {
      const within = { context: call.context, actor_id: call.principal.user_id };
      return { data: await deps.prm.removeFromBlackList(params.id, within) };
    },
    listPartyUsers: async ({ query }) => {
      const page = pageOf(query);
      const { rows, total } = await deps.prm.listPartyUsers({ ...query, limit: page.limit, offset: page.offset });
      return { data: rows, paging: pagingOf(page, total) };
    },
  };
}
