import type { Call } from '@zdravo/kit/http';
import type { IlTransaction } from './deps.ts';

export type AuditEntry = {
  action: string;
  resource: string;
  resource_id?: string;
  /** Codes and ids only, never personal data. */
  detail?: Record<string, unknown>;
};

/** Who did what, in the transaction of what it tells of. */
export async function audit(
  transaction: IlTransaction,
  { context }: Pick<Call, 'context'>,
  { action, resource, resource_id, detail }: AuditEntry,
): Promise<void> {
  await transaction
    .insertInto('il.audit_log')
    .values({
      request_id: context.request_id,
      actor_id: context.actor_id ?? null,
      client_id: context.client_id ?? null,
      action,
      resource,
      resource_id: resource_id ?? null,
      detail: detail ? JSON.stringify(detail) : null,
    })
    .execute();
}

export type StatusChange = {
  entity_type: 'LegalEntity' | 'Division' | 'Employee' | 'EmployeeRequest' | 'DeclarationRequest' | 'Declaration';
  entity_id: string;
  new_value: string;
  changed_by: string;
};

/** Tells the vendors that poll `GET /api/events`, in the transaction of the change (domain.md §2.13). */
export async function announceStatus(transaction: IlTransaction, changes: readonly StatusChange[]): Promise<void> {
  if (changes.length === 0) return;
  await transaction
    .insertInto('il.status_change_events')
    .values(
      changes.map(({ entity_type, entity_id, new_value, changed_by }) => ({
        entity_type,
        entity_id,
        properties: JSON.stringify({ status: { new_value } }),
        changed_by,
      })),
    )
    .execute();
}
