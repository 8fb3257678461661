import { randomUUID } from 'node:crypto';
import type { Call } from '@zdravo/kit/http';
import type { LegalEntity } from '@zdravo/prm';
import { announceStatus, audit } from '../audit.ts';
import { type IlDeps, type IlTransaction, withinOf } from '../deps.ts';
import { createEmployeeRequest } from '../employee-requests/create.ts';
import { idOfBytes, openSignedDocument, type SignedDocument } from '../signed-documents.ts';
import { checkRegistration, type RegistrationContent } from './check-registration.ts';

export type Registered = {
  legal_entity: LegalEntity;
  client_id: string;
  /** Of a new client, once. */
  client_secret?: string;
  redirect_uri: string | null;
  employee_request_id: string;
};

const entry = '$.signed_legal_entity_request';
const resource_type = 'legal_entity_registration';

/**
 * Registration of a legal entity by a signed document (domain.md §3.1). The container is stored first, under an id that its
 * bytes determine, and committed to the log; everything else is one transaction of register, accounts and this module, so that a crash leaves either
 * nothing but an unreferenced container, or all. The same container again gets the same answer.
 */
export async function registerLegalEntity(
  deps: IlDeps,
  signed_legal_entity_request: string,
  call: Call,
): Promise<Registered> {
  const document = await openSignedDocument(deps, signed_legal_entity_request, entry);
  const known = await findRegistered(deps, document.sha256);
  if (known) return known;
  const registration = await checkRegistration(deps, document.content, document.signer);
  await storeContainer(deps, document, call);
  const { client_secret } = await deps.db
    .transaction()
    .execute((transaction) => register(transaction, deps, document, registration, call));
  const registered = await findRegistered(deps, document.sha256);
  return { ...registered!, ...(client_secret === undefined ? {} : { client_secret }) };
}

async function storeContainer(deps: IlDeps, { container, sha256 }: SignedDocument, call: Call): Promise<void> {
  const id = documentIdOf(sha256);
  await deps.mcs.storeSignedContainer({ resource_type, resource_id: id, container, sha256 });
  await deps.ops.putSignedDocument({ params: { id }, body: { type: resource_type, sha256 } }, call.context);
}

/** Under which a registration's container lies in media and stands in the log. */
export function documentIdOf(container_sha256: string): string {
  return idOfBytes('legal entity registration', container_sha256);
}

/** What an earlier registration by the same container led to. */
async function findRegistered(deps: IlDeps, container_sha256: string): Promise<Registered | undefined> {
  const row = await deps.db
    .selectFrom('il.legal_entity_registrations')
    .select(['legal_entity_id', 'employee_request_id'])
    .where('container_sha256', '=', container_sha256)
    .executeTakeFirst();
  if (!row) return undefined;
  const legal_entity = (await deps.prm.findLegalEntity(row.legal_entity_id))!;
  return { legal_entity, ...(await clientOf(deps, legal_entity.id)), employee_request_id: row.employee_request_id };
}

export async function clientOf(deps: IlDeps, id: string): Promise<{ client_id: string; redirect_uri: string | null }> {
  const client = await deps.auth.findClient(id);
  return { client_id: id, redirect_uri: client?.redirect_uri ?? null };
}

async function register(
  transaction: IlTransaction,
  deps: IlDeps,
  { sha256 }: SignedDocument,
  registration: RegistrationContent,
  call: Call,
): Promise<{ client_secret?: string }> {
  const employee_request_id = randomUUID();
  const { owner, security, public_offer: _offer, status: _status, mis_verified: _verified, ...entity } = registration;
  const { legal_entity, created } = await deps.prm.putLegalEntity(
    {
      ...entity,
      id: randomUUID(),
      medical_service_provider: { accreditation: null, ...entity.medical_service_provider },
      created_by_mis_client_id: call.principal.client_id,
    },
    withinOf(transaction, call),
  );
  const first = await claimContainer(transaction, {
    sha256,
    legal_entity_id: legal_entity.id,
    employee_request_id,
    call,
  });
  if (!first) return {};
  const client = await deps.auth.putClient(
    {
      id: legal_entity.id,
      name: legal_entity.name,
      client_type: legal_entity.type,
      redirect_uri: security.redirect_uri,
      access_type: 'BROKER',
    },
    { transaction, context: call.context },
  );
  await createEmployeeRequest(
    transaction,
    deps,
    ownerRequest(legal_entity, owner, employee_request_id, deps.clock.today()),
    call,
  );
  const new_value = created ? 'ACTIVE' : legal_entity.status;
  await announceStatus(transaction, [
    { entity_type: 'LegalEntity', entity_id: legal_entity.id, new_value, changed_by: call.principal.user_id },
  ]);
  await audit(transaction, call, { action: 'register', resource: 'legal_entity', resource_id: legal_entity.id });
  return client.secret === undefined ? {} : { client_secret: client.secret };
}

/** @returns false when the same container is being registered by another call that came first. */
async function claimContainer(
  transaction: IlTransaction,
  input: { sha256: string; legal_entity_id: string; employee_request_id: string; call: Call },
): Promise<boolean> {
  const row = await transaction
    .insertInto('il.legal_entity_registrations')
    .values({
      container_sha256: input.sha256,
      legal_entity_id: input.legal_entity_id,
      employee_request_id: input.employee_request_id,
      inserted_by: input.call.principal.user_id,
    })
    .onConflict((one) => one.column('container_sha256').doNothing())
    .returning('container_sha256')
    .executeTakeFirst();
  return row !== undefined;
}

/** Every registration invites the owner that it names (step 13). */
function ownerRequest(entity: LegalEntity, owner: RegistrationContent['owner'], id: string, today: string) {
  const { position, ...party } = owner;
  return {
    id,
    legal_entity: entity,
    data: {
      legal_entity_id: entity.id,
      position,
      start_date: today,
      status: 'NEW' as const,
      employee_type: entity.type === 'PHARMACY' ? 'PHARMACY_OWNER' : 'OWNER',
      party: { ...party, no_tax_id: false, documents: party.documents ?? [], phones: party.phones ?? [] },
    },
  };
}
