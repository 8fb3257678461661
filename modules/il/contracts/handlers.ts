import type { Handlers } from '@zdravo/kit/contract';
import { type Call, pageOf, pagingOf } from '@zdravo/kit/http';
import { notFound } from '@zdravo/kit/problem';
import type { IlDeps } from '../deps.ts';
import type { contract } from './contract.ts';

export function createHandlers({ prm }: IlDeps): Handlers<typeof contract> {
  const getWhole = async (id: string) => {
    const found = await prm.findContract(id);
    if (!found) throw notFound('There is no such contract.', 'contract_not_found');
    return { data: found };
  };
  return {
    listContracts: async ({ query }) => {
      const page = pageOf(query);
      const { rows, total } = await prm.listContracts({ ...query, limit: page.limit, offset: page.offset });
      return { data: rows, paging: pagingOf(page, total) };
    },
    getContract: ({ params }) => getWhole(params.id),
    putContract: async ({ params, body }, call) => {
      await prm.putContract({ id: params.id, ...body }, withinOf(call));
      return getWhole(params.id);
    },
    terminateContract: async ({ params, body }, call) => {
      await prm.terminateContract(params.id, body.terminated_on, withinOf(call));
      return getWhole(params.id);
    },
  };
}

function withinOf({ context, principal }: Call) {
  return { context, actor_id: principal.user_id };
}
