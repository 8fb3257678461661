import type { Handlers } from '@zdravo/kit/contract';
import { type Call, pageOf, pagingOf } from '@zdravo/kit/http';
import { notFound } from '@zdravo/kit/problem';
import { emptyPage, listedFor, restrictedTo } from '../client-context.ts';
import type { IlDatabase, IlDeps } from '../deps.ts';
import { sealsOf } from '../receipts/answers.ts';
import { approveRequest, resendCode } from './approve.ts';
import { viewMethod } from './authentication.ts';
import type { contract } from './contract.ts';
import { createRequest } from './create.ts';
import { rejectRequest } from './end.ts';
import { publicStatus, type RequestData, readData, readManyData, type StoredRequest } from './requests.ts';
import { signRequest } from './sign.ts';

export function createHandlers(deps: IlDeps): Handlers<typeof contract> {
  return {
    createDeclarationRequest: async ({ body }, call) => {
      const id = await createRequest(deps, body.declaration_request, call);
      const request = (await deps.requests.find(id))!;
      return { ...(await show(deps, request, call)), urgent: await urgent(deps, request) };
    },
    listDeclarationRequests: ({ query }, call) => list(deps, query, call),
    getDeclarationRequest: async ({ params }, call) => {
      const request = await getOwnRequest(deps, params.id, call);
      await recordRead(deps, request, call, 'declaration_request');
      return { ...(await show(deps, request, call)), urgent: await urgent(deps, request) };
    },
    approveDeclarationRequest: async ({ params, body }, call) => {
      const request = await getOwnRequest(deps, params.id, call);
      const code = body?.verification_code ?? undefined;
      await approveRequest(deps, request, code === undefined ? undefined : String(code), call);
      return show(deps, (await deps.requests.find(request.id))!, call);
    },
    rejectDeclarationRequest: async ({ params }, call) => {
      const request = await getOwnRequest(deps, params.id, call);
      // Its end wipes the patient's data: what the answer shows is read before.
      const { data } = await show(deps, request, call);
      await rejectRequest(deps, request, call);
      return { data: { ...data, status: 'REJECTED' } };
    },
    resendDeclarationOtp: async ({ params }, call) => {
      const { id, expires_at } = await resendCode(deps, await getOwnRequest(deps, params.id, call), call);
      return { data: { id, status: 'new', code_expired_at: expires_at, active: true } };
    },
    signDeclarationRequest: ({ params, body }, call) =>
      deps.signing.together(async (cohort) => {
        const request = await getOwnRequest(deps, params.id, call);
        const data = await signRequest(deps, { request, signed: body.signed_declaration_request, cohort }, call);
        return { data, ...(await sealsOf(deps, data, call)) };
      }),
  };
}

async function getOwnRequest(deps: IlDeps, id: string, call: Call): Promise<StoredRequest> {
  const request = await deps.requests.find(id);
  const own = restrictedTo(call.principal);
  if (!request || (own !== undefined && request.legal_entity_id !== own)) throw notFound();
  return request;
}

/** Somebody looks at personal data: the answer leaves when that is on record. */
function recordRead(deps: IlDeps, { id }: Pick<StoredRequest, 'id'>, call: Call, purpose: string): Promise<void> {
  return deps.read_audit.record({
    request_id: call.request_id,
    actor_id: call.principal.user_id,
    client_id: call.principal.client_id,
    action: 'read',
    resource: 'declaration_request',
    resource_id: id,
    purpose,
  });
}

/** The request with the log head of now as its seed. */
async function show(deps: IlDeps, request: StoredRequest, call: Call) {
  const [data, head] = await Promise.all([readData(deps, request), deps.ops.latestHead({}, call.context)]);
  return { data: view(request, data, head.hash) };
}

/** How consent is proved, with upload addresses as long as scans are due. */
async function urgent(deps: IlDeps, request: StoredRequest) {
  const authentication_method_current = viewMethod(request);
  if (request.method !== 'OFFLINE' || request.status !== 'NEW') return { authentication_method_current };
  return { authentication_method_current, documents: await uploads(deps, request) };
}

async function uploads(deps: IlDeps, request: StoredRequest) {
  const issued = await deps.mcs.issueUploads({
    resource_type: 'declaration_request',
    resource_id: request.id,
    documents: request.document_types.map((document_type) => ({ document_type })),
  });
  return issued.map(({ document_type, url }) => ({ type: document_type, url }));
}

function view(request: StoredRequest, data: RequestData | undefined, seed?: string) {
  const { id, start_date, end_date } = request;
  return {
    start_date,
    end_date,
    ...data,
    id,
    status: publicStatus(request),
    ...(seed === undefined || !data ? {} : { seed }),
  };
}

type ListQuery = { page?: number; page_size?: number; employee_id?: string; legal_entity_id?: string; status?: string };

/**
 * In short: of the patient only the names (api-v2.0.apib, Declaration_Request_Short); an id they have once they signed. The
 * division's status is that of now: what is signed has none.
 */
async function list(deps: IlDeps, query: ListQuery, call: Call) {
  const listed = listedFor(call.principal, query.legal_entity_id);
  if (!listed) return emptyPage(query);
  const page = pageOf(query);
  const filter = { ...query, ...listed };
  const { total } = await filtered(deps.db, filter)
    .select((eb) => eb.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow();
  const rows = await filtered(deps.db, filter)
    .selectAll()
    .orderBy('inserted_at', 'desc')
    .orderBy('id')
    .limit(page.limit)
    .offset(page.offset)
    .execute();
  const [data, statuses] = await Promise.all([readManyData(deps, rows), divisionStatuses(deps, rows)]);
  await Promise.all([...data.keys()].map((id) => recordRead(deps, { id }, call, 'declaration_request_list')));
  return {
    data: rows.map((row) => viewShort(row, data.get(row.id), statuses.get(row.division_id))),
    paging: pagingOf(page, total),
  };
}

async function divisionStatuses(deps: IlDeps, requests: readonly StoredRequest[]): Promise<Map<string, string>> {
  const ids = [...new Set(requests.map(({ division_id }) => division_id))];
  const divisions = await Promise.all(ids.map((id) => deps.prm.findDivision(id)));
  return new Map(divisions.flatMap((division) => (division ? [[division.id, division.status] as const] : [])));
}

function filtered(db: IlDatabase, filter: { legal_entity_id?: string; employee_id?: string; status?: string }) {
  let query = db.selectFrom('il.declaration_requests');
  if (filter.legal_entity_id !== undefined) query = query.where('legal_entity_id', '=', filter.legal_entity_id);
  if (filter.employee_id !== undefined) query = query.where('employee_id', '=', filter.employee_id);
  if (filter.status === 'APPROVED') query = query.where('status', 'in', ['APPROVED', 'SIGNING']);
  else if (filter.status !== undefined) query = query.where('status', '=', filter.status);
  return query;
}

function viewShort(request: StoredRequest, data: RequestData | undefined, division_status: string | undefined) {
  const { id, start_date, end_date } = request;
  const short = { id, status: publicStatus(request), start_date, end_date };
  if (!data) return short;
  const { scope, person, employee, legal_entity, division } = data;
  return {
    ...short,
    scope,
    person: pick(person, ['first_name', 'last_name', 'second_name']),
    employee,
    legal_entity: pick(legal_entity, ['id', 'name', 'short_name', 'legal_form', 'edrpou']),
    division: { ...pick(division, ['id', 'name', 'type']), status: division_status },
  };
}

function pick(whole: Record<string, unknown>, members: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    members.flatMap((member) => (whole[member] === undefined ? [] : [[member, whole[member]]])),
  );
}
