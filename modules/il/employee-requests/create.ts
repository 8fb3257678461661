import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { fillIn, message_texts } from '@zdravo/country-ua';
import type { Call } from '@zdravo/kit/http';
import type { LegalEntity } from '@zdravo/prm';
import { announceStatus, audit } from '../audit.ts';
import type { IlDeps, IlTransaction } from '../deps.ts';
import type { EmployeeRequestData } from './requests.ts';

export type NewEmployeeRequest = { id: string; legal_entity: LegalEntity; data: EmployeeRequestData };

/** Stores an invitation as NEW and queues its mail, in one transaction. */
export async function createEmployeeRequest(
  transaction: IlTransaction,
  deps: IlDeps,
  { id, legal_entity, data }: NewEmployeeRequest,
  call: Pick<Call, 'context' | 'principal'>,
): Promise<void> {
  const invite = randomBytes(32).toString('base64url');
  await transaction
    .insertInto('il.employee_requests')
    .values({
      id,
      legal_entity_id: legal_entity.id,
      employee_id: data.employee_id ?? null,
      employee_type: data.employee_type,
      email: data.party.email.toLowerCase(),
      data: JSON.stringify(data),
      invite_sha256: inviteHash(invite),
      user_alias: randomUUID(),
      inserted_by: call.principal.user_id,
      inserted_at: deps.clock.now().toISOString(),
    })
    .execute();
  const { subject, text } = message_texts.invitation;
  const link = `${deps.web_url}/invite?invite=${invite}`;
  const mail = {
    kind: 'mail',
    to: data.party.email,
    subject,
    text: fillIn(text, { legal_entity: legal_entity.name, link }),
  } as const;
  await deps.messages.enqueue(transaction, mail);
  await announceStatus(transaction, [
    { entity_type: 'EmployeeRequest', entity_id: id, new_value: 'NEW', changed_by: call.principal.user_id },
  ]);
  await audit(transaction, call, { action: 'create', resource: 'employee_request', resource_id: id });
}

/** Only the hash of an invitation's secret is kept. */
export function inviteHash(invite: string): Buffer {
  return createHash('sha256').update(invite).digest();
}
