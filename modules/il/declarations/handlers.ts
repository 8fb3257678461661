import { randomUUID } from 'node:crypto';
import type { Handlers } from '@zdravo/kit/contract';
import type { Call } from '@zdravo/kit/http';
import { forbidden, invalidField, notFound } from '@zdravo/kit/problem';
import { audit } from '../audit.ts';
import { emptyPage, listedFor, restrictedTo } from '../client-context.ts';
import type { IlDeps } from '../deps.ts';
import { sealsOf } from '../receipts/answers.ts';
import type { contract } from './contract.ts';
import { viewDeclaration, viewDeclarations } from './views.ts';

export function createHandlers(deps: IlDeps): Handlers<typeof contract> {
  return {
    listDeclarations: async ({ query }, call) => {
      const listed = listedFor(call.principal, query.legal_entity_id);
      if (!listed) return emptyPage(query);
      const { declarations, paging } = await deps.ops.listDeclarations(
        { query: { ...query, ...listed } },
        call.context,
      );
      return { data: await viewDeclarations(deps, declarations, call), paging };
    },
    getDeclaration: async ({ params }, call) => {
      const declaration = await deps.ops.getDeclaration({ params }, call.context);
      const own = restrictedTo(call.principal);
      if (own !== undefined && declaration.legal_entity_id !== own) throw notFound();
      return { data: await viewDeclaration(deps, declaration, call) };
    },
    getPersonDeclaration: async ({ params }, call) => {
      const query = { person_id: params.id, status: 'active' } as const;
      const { declarations } = await deps.ops.listDeclarations({ query }, call.context);
      const [declaration] = declarations;
      if (!declaration) throw notFound();
      const own = restrictedTo(call.principal);
      if (own !== undefined && declaration.legal_entity_id !== own)
        throw forbidden('Declaration with another legal entity');
      return { data: await viewDeclaration(deps, declaration, call) };
    },
    listDeclarationDocuments: async ({ params }, call) => {
      const declaration = await deps.ops.getDeclaration({ params }, call.context);
      const resource = { resource_type: 'declaration_request', resource_id: declaration.declaration_request_id };
      const documents = await deps.mcs.listDocuments(resource);
      const context = { ...call.context, purpose: 'declaration_documents' };
      const data = await Promise.all(
        documents.map(async ({ id, document_type }) => {
          const { url } = await deps.mcs.issueDownload({ object_id: id, purpose: context.purpose }, context);
          return { type: document_type, url };
        }),
      );
      return { data };
    },
    approveDeclaration: async ({ params }, call) => {
      const body = { actor_id: call.principal.user_id };
      const data = await deps.ops.putApproval({ params, body }, call.context);
      return { data, ...(await sealsOf(deps, data, call)) };
    },
    rejectDeclaration: async ({ params }, call) => {
      const body = { actor_id: call.principal.user_id, reason: 'rejected_by_payer' };
      const data = await deps.ops.putRejection({ params, body }, call.context);
      return { data, ...(await sealsOf(deps, data, call)) };
    },
    terminateDeclarations: ({ body }, call) => terminate(deps, body, call),
  };
}

async function terminate(
  deps: IlDeps,
  {
    person_id,
    employee_id,
    reason_description,
  }: { person_id?: string; employee_id?: string; reason_description?: string },
  call: Call,
) {
  if ((person_id === undefined) === (employee_id === undefined))
    throw invalidField('$', 'exactly one of person_id and employee_id is required', 'required', [
      'person_id',
      'employee_id',
    ]);
  const exists = employee_id === undefined ? isPerson(deps, person_id!, call) : deps.prm.findEmployee(employee_id);
  if (!(await exists)) throw notFound();
  const subject_type = person_id === undefined ? 'employee' : 'person';
  const order = {
    subject_type,
    subject_id: (person_id ?? employee_id)!,
    actor_id: call.principal.user_id,
    reason: subject_type === 'person' ? 'manual_person' : 'manual_employee',
    ...(reason_description === undefined ? {} : { reason_description }),
  } as const;
  const data = await deps.ops.putTerminations({ params: { id: randomUUID() }, body: order }, call.context);
  await deps.db
    .transaction()
    .execute((transaction) =>
      audit(transaction, call, { action: 'terminate', resource: subject_type, resource_id: order.subject_id }),
    );
  return { data };
}

async function isPerson(deps: IlDeps, id: string, { context }: Call): Promise<boolean> {
  const body = { persons: [{ id, source_id: id }] };
  return (await deps.mpi.findPersonStates({ body }, context)).length > 0;
}
