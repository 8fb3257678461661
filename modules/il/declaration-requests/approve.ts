import type { Call } from '@zdravo/kit/http';
import { conflict, forbidden, invalidField, Problem } from '@zdravo/kit/problem';
import { announceStatus, audit } from '../audit.ts';
import type { IlDeps, IlTransaction } from '../deps.ts';
import { limitOf, takeSlot } from '../slots/slots.ts';
import { type Attempt, isCode, lockCode, sendCode, tryCode } from '../verifications/codes.ts';
import { currentMethod } from './authentication.ts';
import { lockRequest, readData, type StoredRequest } from './requests.ts';

type Proof = { verification_id?: string; documents?: { type: string; sha256: string }[] };

/**
 * NEW → APPROVED: consent is proved and the doctor's slot is taken in one transaction (domain.md §3.4). A wrong code is
 * counted and committed; a right one is used up only together with the approval. The same right code again gets the same 200.
 * @throws Problem 403 for the code, 409 for the transition or missing documents, 422 for limits.
 */
export async function approveRequest(
  deps: IlDeps,
  request: StoredRequest,
  code: string | undefined,
  call: Call,
): Promise<void> {
  if (await isRepetition(deps, request, code)) return;
  if (request.status !== 'NEW') throw conflict('Invalid transition', 'invalid_transition');
  if (request.method === 'OTP' && code === undefined)
    throw invalidField('$.verification_code', 'required property verification_code was not present', 'required');
  const documents = request.method === 'OFFLINE' ? await pinDocuments(deps, request) : undefined;
  const limits = {
    doctor: await limitOf(deps, request.party_id),
    phone: await deps.parameters.number('phone_number_auth_limit'),
  };
  const attempt = await deps.db.transaction().execute(async (transaction) => {
    const locked = await lockRequest(transaction, request.id);
    if (locked!.status !== 'NEW') throw conflict('Invalid transition', 'invalid_transition');
    const proof: Proof = documents === undefined ? {} : { documents };
    if (request.method === 'OTP') {
      const stored = await lockCode(transaction, { subject_id: request.id });
      const attempt = await tryCode(transaction, deps, stored, code ?? '');
      if (attempt !== 'right') return attempt;
      proof.verification_id = stored!.id;
    }
    const { party_id, person_hmac, phone_hmac, employee_id, declaration_id } = request;
    const slot = { party_id, person_hmac, phone_hmac, employee_id, declaration_request_id: request.id, declaration_id };
    await takeSlot(transaction, slot, limits);
    await markApproved(transaction, deps, request.id, proof, call);
    return 'right';
  });
  refuseCode(attempt);
}

/** The client did not hear the answer to its right code. */
async function isRepetition(deps: IlDeps, request: StoredRequest, code: string | undefined): Promise<boolean> {
  if (request.status !== 'APPROVED' || request.method !== 'OTP') return false;
  const stored = await deps.db
    .selectFrom('il.verifications')
    .select(['id', 'code_hmac'])
    .where('id', '=', request.verification_id)
    .executeTakeFirst();
  return stored !== undefined && code !== undefined && isCode(deps, stored, code);
}

async function pinDocuments(deps: IlDeps, request: StoredRequest): Promise<{ type: string; sha256: string }[]> {
  const approval = await deps.mcs.approveUploads({
    resource_type: 'declaration_request',
    resource_id: request.id,
    document_types: request.document_types,
  });
  if (approval.outcome === 'missing')
    throw conflict(`Documents ${approval.document_types.join(', ')} is not uploaded`, 'documents_missing');
  if (approval.outcome === 'refused') {
    const names = approval.documents.map(({ document_type, flaw }) => `${document_type} (${flaw})`).join(', ');
    throw new Problem({ status: 409, code: 'documents_refused', message: `Documents ${names} cannot be accepted` });
  }
  return approval.documents.map(({ document_type, sha256 }) => ({ type: document_type, sha256 }));
}

async function markApproved(
  transaction: IlTransaction,
  deps: IlDeps,
  id: string,
  { verification_id, documents = [] }: Proof,
  call: Call,
): Promise<void> {
  await transaction
    .updateTable('il.declaration_requests')
    .set({
      status: 'APPROVED',
      verification_id: verification_id ?? null,
      documents: JSON.stringify(documents),
      updated_by: call.principal.user_id,
      updated_at: deps.clock.now().toISOString(),
    })
    .where('id', '=', id)
    .execute();
  await announceStatus(transaction, [
    { entity_type: 'DeclarationRequest', entity_id: id, new_value: 'APPROVED', changed_by: call.principal.user_id },
  ]);
  await audit(transaction, call, { action: 'approve', resource: 'declaration_request', resource_id: id });
}

function refuseCode(attempt: Attempt): void {
  if (attempt === 'right') return;
  if (attempt === 'used_up') throw forbidden('Maximum attempts exceed', 'code_used_up');
  if (attempt === 'expired' || attempt === 'none') throw forbidden('Verification code expired', 'code_expired');
  throw forbidden('Invalid verification code', 'code_wrong');
}

/** Another code for a NEW request that waits for one. @throws Problem 409, 422, 429. */
export async function resendCode(
  deps: IlDeps,
  request: StoredRequest,
  call: Call,
): Promise<{ id: string; expires_at: string }> {
  if (request.status !== 'NEW') throw conflict('Invalid transition', 'invalid_transition');
  if (request.method !== 'OTP') throw invalidField('$.authentication_method_current', 'Auth method is not OTP');
  const phone = await storedPhone(deps, request, call);
  return deps.db
    .transaction()
    .execute((transaction) =>
      sendCode(transaction, deps, phone, { purpose: 'declaration_request', subject_id: request.id }, call),
    );
}

/** The telephone is asked of the patient index anew: nothing here keeps it. */
async function storedPhone(deps: IlDeps, request: StoredRequest, call: Call): Promise<string> {
  const data = await readData(deps, request);
  const { method } = await currentMethod(deps, data!.person, call.context);
  if (method.type !== 'OTP') throw conflict('Invalid transition', 'method_changed');
  return method.phone;
}
