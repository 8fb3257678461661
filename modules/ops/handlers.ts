import type { Handlers } from '@zdravo/kit/contract';
import { readFeed } from '@zdravo/kit/events';
import type { contract } from './contract.ts';
import { type OpsDeps, putDeclaration } from './declarations.ts';
import { getHead } from './log-heads.ts';
import { getDeclaration, listDeclarations } from './read-declarations.ts';
import { countDeclarations, findByRequest } from './reconciliation.ts';
import { putTerminationOrder } from './terminations.ts';
import { changeStatus } from './transitions.ts';

export function createHandlers(deps: OpsDeps): Handlers<typeof contract> {
  const { db } = deps;
  return {
    putDeclaration: ({ params, body }, call) => putDeclaration(deps, params.id, body, call.context),
    getDeclaration: ({ params }) => getDeclaration(db, params.id),
    listDeclarations: ({ query }) => listDeclarations(db, query),
    putApproval: ({ params, body }, call) =>
      changeStatus(deps, params.id, { ...body, op: 'approve', status: 'active' }, call.context),
    putRejection: ({ params, body }, call) =>
      changeStatus(deps, params.id, { ...body, op: 'reject', status: 'rejected' }, call.context),
    putTermination: ({ params, body }, call) =>
      changeStatus(deps, params.id, { ...body, op: 'terminate', status: 'terminated' }, call.context),
    putTerminations: ({ params, body }) => putTerminationOrder(deps, params.id, body),
    countDeclarations: ({ body }) => countDeclarations(db, body.employee_ids),
    findByRequest: ({ body }) => findByRequest(db, body.declaration_request_ids),
    latestHead: () => deps.heads.latest(),
    getHead: ({ params }) => getHead(db, params.hash),
    readEvents: ({ query }) => readFeed(db, 'ops', query),
  };
}
