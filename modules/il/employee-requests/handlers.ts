import { randomUUID } from 'node:crypto';
import { type Handlers, knownPart } from '@zdravo/kit/contract';
import { type Call, pageOf, pagingOf } from '@zdravo/kit/http';
import { notFound } from '@zdravo/kit/problem';
import { restrictedTo } from '../client-context.ts';
import type { IlDeps } from '../deps.ts';
import { checkRequest } from './check-request.ts';
import { type contract, EmployeeRequestInput } from './contract.ts';
import { createEmployeeRequest } from './create.ts';
import { approveRequest, rejectRequest } from './decide.ts';
import { createInvitedUser, findInvitation } from './invited-user.ts';
import { type EmployeeRequestData, findRequest, listRequests, type StoredRequest, viewRequest } from './requests.ts';

export function createHandlers(deps: IlDeps): Handlers<typeof contract> {
  return {
    createEmployeeRequest: async ({ body }, call) => {
      const known = knownPart(EmployeeRequestInput, body.employee_request);
      const data = { ...known, legal_entity_id: call.principal.client_id } as EmployeeRequestData;
      const legal_entity = await checkRequest(deps, data);
      const id = randomUUID();
      await deps.db
        .transaction()
        .execute((transaction) => createEmployeeRequest(transaction, deps, { id, legal_entity, data }, call));
      return { data: viewRequest((await findRequest(deps.db, id))!) };
    },
    listEmployeeRequests: ({ query }, call) => list(deps, query, call),
    getEmployeeRequest: async ({ params }, call) => {
      const request = await findRequest(deps.db, params.id);
      const own = restrictedTo(call.principal);
      if (!request || (own !== undefined && request.legal_entity_id !== own)) throw notFound();
      return { data: viewRequest(request), urgent: { user_id: await userOf(deps, request) } };
    },
    getInvite: async ({ params }) => {
      const { request, legal_entity, user } = await findInvitation(deps, params.hash);
      const { first_name, last_name, second_name = null, email } = request.data.party;
      const { name, short_name, public_name } = legal_entity;
      const { employee_type, position } = request.data;
      return {
        data: {
          id: request.user_alias,
          status: request.status,
          employee_type,
          position,
          legal_entity: { name, short_name, public_name },
          party: { first_name, last_name, second_name, email },
        },
        urgent: { user_id: user?.id ?? null },
      };
    },
    createInvitedUser: async ({ params, body }, call) => {
      return { data: await createInvitedUser(deps, params.id, body.password, call) };
    },
    approveEmployeeRequest: async ({ params }, call) => ({
      data: viewRequest(await approveRequest(deps, params.id, call)),
    }),
    rejectEmployeeRequest: async ({ params }, call) => ({
      data: viewRequest(await rejectRequest(deps, params.id, call)),
    }),
  };
}

async function userOf(deps: IlDeps, request: StoredRequest): Promise<string | null> {
  return (await deps.auth.findUserByEmail(request.email))?.id ?? null;
}

type ListQuery = {
  page?: number;
  page_size?: number;
  id?: string;
  edrpou?: string;
  legal_entity_name?: string;
  no_tax_id?: boolean;
  status?: string;
};

async function list(deps: IlDeps, { edrpou, legal_entity_name, ...query }: ListQuery, call: Call) {
  const page = pageOf(query);
  const own = restrictedTo(call.principal);
  const named = await entitiesNamed(deps, edrpou, legal_entity_name);
  const { rows, total } = await listRequests(deps.db, {
    ...query,
    ...(own === undefined ? {} : { legal_entity_id: own }),
    ...(named === undefined ? {} : { legal_entity_ids: named }),
    limit: page.limit,
    offset: page.offset,
  });
  const entities = new Map<string, { edrpou: string; name: string }>();
  for (const id of new Set(rows.map((row) => row.legal_entity_id))) {
    const entity = await deps.prm.findLegalEntity(id);
    if (entity) entities.set(id, entity);
  }
  const data = rows.map((row) => viewShort(row, entities.get(row.legal_entity_id)));
  return { data, paging: pagingOf(page, total) };
}

/** The legal entities that the filters name, at most a page of them; undefined when no filter does. */
async function entitiesNamed(deps: IlDeps, edrpou?: string, name?: string): Promise<string[] | undefined> {
  if (edrpou === undefined && name === undefined) return undefined;
  const filter = {
    ...(edrpou === undefined ? {} : { edrpou }),
    ...(name === undefined ? {} : { name }),
    page_size: 500,
  };
  return (await deps.prm.listLegalEntities(filter)).data.map((one) => one.id);
}

function viewShort(
  { id, status, inserted_at, data }: StoredRequest,
  entity: { edrpou: string; name: string } | undefined,
) {
  const { first_name, last_name, second_name = null, no_tax_id = false } = data.party;
  return {
    id,
    status,
    inserted_at,
    edrpou: entity?.edrpou ?? '',
    legal_entity_name: entity?.name ?? '',
    first_name,
    last_name,
    second_name,
    no_tax_id,
  };
}
