import { randomUUID } from 'node:crypto';
import { fillIn, message_texts } from '@zdravo/country-ua';
import type { Call } from '@zdravo/kit/http';
import { conflict, forbidden, notFound } from '@zdravo/kit/problem';
import type { Employee, Professional } from '@zdravo/prm';
import { announceStatus, audit } from '../audit.ts';
import { type IlDeps, type IlTransaction, withinOf } from '../deps.ts';
import { lockRequest, type StoredRequest } from './requests.ts';

/**
 * The invited person accepts (domain.md §3.2): party, link, employment, role and answer are one transaction.
 * @throws Problem 403 for somebody else's or an expired invitation, 409 for one that is decided.
 */
export function approveRequest(deps: IlDeps, id: string, call: Call): Promise<StoredRequest> {
  return deps.db.transaction().execute(async (transaction) => {
    const request = await lockOwnRequest(transaction, deps, id, call);
    const { employee, replaced_owners } = await deps.prm.putEmployment(
      employmentOf(request, call),
      withinOf(transaction, call),
    );
    for (const owner of replaced_owners) await endOwnership(transaction, deps, owner, call);
    const role = { user_id: call.principal.user_id, role: employee.employee_type, client_id: employee.legal_entity_id };
    await deps.auth.grantRole(role, { transaction, context: call.context });
    await tellEmployed(transaction, deps, request);
    await announceStatus(transaction, [
      {
        entity_type: 'Employee',
        entity_id: employee.id,
        new_value: employee.status,
        changed_by: call.principal.user_id,
      },
    ]);
    return decide(transaction, deps, request, { status: 'APPROVED', employee_id: employee.id }, call);
  });
}

/** The invited person declines. */
export function rejectRequest(deps: IlDeps, id: string, call: Call): Promise<StoredRequest> {
  return deps.db.transaction().execute(async (transaction) => {
    const request = await lockOwnRequest(transaction, deps, id, call);
    return decide(transaction, deps, request, { status: 'REJECTED', employee_id: request.employee_id }, call);
  });
}

async function lockOwnRequest(
  transaction: IlTransaction,
  deps: IlDeps,
  id: string,
  call: Call,
): Promise<StoredRequest> {
  const request = await lockRequest(transaction, id);
  if (!request) throw notFound();
  const user = await deps.auth.findUser(call.principal.user_id);
  if (user?.email.toLowerCase() !== request.email)
    throw forbidden('Email in the request does not match that of the user');
  if (request.status === 'EXPIRED') throw forbidden('Employee request is expired', 'employee_request_expired');
  if (request.status !== 'NEW')
    throw conflict(`Employee request status is ${request.status} and cannot be updated`, 'employee_request_decided');
  return request;
}

function employmentOf({ data, employee_id }: StoredRequest, call: Call) {
  const { email: _email, ...party } = data.party;
  return {
    id: randomUUID(),
    employee_id,
    legal_entity_id: data.legal_entity_id,
    division_id: data.division_id ?? null,
    employee_type: data.employee_type,
    position: data.position,
    start_date: data.start_date,
    end_date: data.end_date ?? null,
    party: { ...party, id: randomUUID() },
    doctor: blockOf(data.doctor),
    pharmacist: blockOf(data.pharmacist),
    user_id: call.principal.user_id,
  };
}

function blockOf(block: Record<string, unknown> | undefined): Professional | null {
  return block === undefined
    ? null
    : ({ qualifications: null, science_degree: null, ...block } as unknown as Professional);
}

/** A replaced owner loses role, approvals and tokens of that legal entity. */
async function endOwnership(transaction: IlTransaction, deps: IlDeps, owner: Employee, call: Call): Promise<void> {
  for (const user_id of await deps.prm.listUsersOfParty(owner.party_id)) {
    if (user_id === call.principal.user_id) continue;
    const grant = { user_id, role: owner.employee_type, client_id: owner.legal_entity_id };
    await deps.auth.revokeRole(grant, { transaction, context: call.context });
  }
}

async function tellEmployed(transaction: IlTransaction, deps: IlDeps, { data }: StoredRequest): Promise<void> {
  const legal_entity = await deps.prm.findLegalEntity(data.legal_entity_id);
  const { subject, text } = message_texts.employment;
  await deps.messages.enqueue(transaction, {
    kind: 'mail',
    to: data.party.email,
    subject,
    text: fillIn(text, { legal_entity: legal_entity?.name ?? '' }),
  });
}

async function decide(
  transaction: IlTransaction,
  deps: IlDeps,
  request: StoredRequest,
  decision: { status: 'APPROVED' | 'REJECTED'; employee_id: string | null },
  call: Call,
): Promise<StoredRequest> {
  const updated_at = deps.clock.now().toISOString();
  await transaction
    .updateTable('il.employee_requests')
    .set({ ...decision, updated_at })
    .where('id', '=', request.id)
    .execute();
  await announceStatus(transaction, [
    {
      entity_type: 'EmployeeRequest',
      entity_id: request.id,
      new_value: decision.status,
      changed_by: call.principal.user_id,
    },
  ]);
  await audit(transaction, call, {
    action: decision.status.toLowerCase(),
    resource: 'employee_request',
    resource_id: request.id,
  });
  return { ...request, ...decision, updated_at };
}
