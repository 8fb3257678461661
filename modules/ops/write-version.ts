import { appendEvents } from '@zdravo/kit/events';
import type { KeyStore } from '@zdravo/kit/keys';
import { sql, type Transaction } from 'kysely';
import type { Tables } from './tables.ts';
import { sealVersion, type VersionBody } from './versions.ts';

export type WriteDeps = { keys: KeyStore; handle_key: Uint8Array };
export type WriteContext = { request_id: string; client_id?: string };

const event_of: Record<VersionBody['status'], string> = {
  active: 'declaration.activated',
  pending_verification: 'declaration.pending',
  terminated: 'declaration.terminated',
  closed: 'declaration.closed',
  rejected: 'declaration.rejected',
};

/**
 * Writes one version with everything that must be true together: history, head, pending leaf, event, audit row. One
 * statement for the rows of a version, because each round trip inside the transaction costs throughput.
 */
export async function writeVersion(
  transaction: Transaction<Tables>,
  deps: WriteDeps,
  body: VersionBody,
  context: WriteContext,
): Promise<void> {
  const person_key = await deps.keys.getOrCreate(body.person_id);
  const { body: bytes, sealed_seed, entry, leaf_hash } = sealVersion(body, { person_key, handle_key: deps.handle_key });
  await sql`
    with version as (
      insert into ops.declaration_versions (declaration_id, version, op, status, body, sealed_seed, leaf_hash, recorded_at)
      values (${body.id}, ${body.version}, ${body.op}, ${body.status}, ${bytes}, ${sealed_seed}, ${leaf_hash}, ${body.updated_at})
    ), history as (
      insert into ops.declaration_status_history (declaration_id, version, status, changed_at)
      values (${body.id}, ${body.version}, ${body.status}, ${body.updated_at})
    ), leaf as (
      insert into ops.pending_leaves (record_id, version, entry) values (${body.id}, ${body.version}, ${entry})
    )
    insert into ops.audit_log (request_id, actor_id, client_id, action, resource, resource_id)
    values (${context.request_id}, ${body.updated_by}, ${context.client_id ?? null}, ${body.op}, 'declaration', ${body.id})`.execute(
    transaction,
  );
  await writeHead(transaction, body);
  await appendEvents(transaction, 'ops', [
    {
      type: body.op === 'relink' ? 'declaration.relinked' : event_of[body.status],
      object_type: 'declaration',
      object_id: body.id,
      payload: payloadOf(body),
    },
  ]);
}

async function writeHead(transaction: Transaction<Tables>, body: VersionBody): Promise<void> {
  await sql`
    insert into ops.declaration_heads (id, version, status, person_id, pseudonym, legal_entity_id, division_id, employee_id,
      declaration_request_id, signed_content_sha256, start_date, end_date, inserted_at, updated_at)
    values (${body.id}, ${body.version}, ${body.status}, ${body.person_id}, ${body.pseudonym}, ${body.legal_entity_id},
      ${body.division_id}, ${body.employee_id}, ${body.declaration_request_id}, ${body.evidence.signed_content_sha256},
      ${body.start_date}, ${body.end_date}, ${body.inserted_at}, ${body.updated_at})
    on conflict (id) do update set version = excluded.version, status = excluded.status, person_id = excluded.person_id,
      pseudonym = excluded.pseudonym, updated_at = excluded.updated_at`.execute(transaction);
}

function payloadOf(body: VersionBody): Record<string, unknown> {
  return {
    person_id: body.person_id,
    employee_id: body.employee_id,
    division_id: body.division_id,
    legal_entity_id: body.legal_entity_id,
    declaration_request_id: body.declaration_request_id,
    actor_id: body.updated_by,
    status: body.status,
    ...(body.reason === null ? {} : { reason: body.reason }),
  };
}
