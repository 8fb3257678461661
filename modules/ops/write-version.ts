import type { KeyObject } from 'node:crypto';
import { byteArray } from '@zdravo/kit/db';
import type { KeyStore } from '@zdravo/kit/keys';
import { conflict, type Problem } from '@zdravo/kit/problem';
import { type RawBuilder, sql, type Transaction } from 'kysely';
import type { StoredDeclaration } from './read-declarations.ts';
import type { Tables } from './tables.ts';
import { type SealedVersion, sealVersion, type VersionBody } from './versions.ts';

export type WriteDeps = { keys: KeyStore; handle_key: KeyObject };
export type WriteContext = { request_id: string; client_id?: string };
export type NewVersion = { body: VersionBody; context: WriteContext };

const event_of: Record<VersionBody['status'], string> = {
  active: 'declaration.activated',
  pending_verification: 'declaration.pending',
  terminated: 'declaration.terminated',
  closed: 'declaration.closed',
  rejected: 'declaration.rejected',
};

/**
 * Writes versions with everything that must be true together: histories, heads, waiting leaves, events, audit rows. One
 * statement for any number of them, because each round trip inside a transaction costs throughput; rows go in as given,
 * so that a person's earlier declaration ends before the next one begins.
 * @param person_keys of everybody whom the versions name.
 * @throws Problem 409 `person_erased`.
 */
export async function writeVersions(
  transaction: Transaction<Tables>,
  { handle_key }: Pick<WriteDeps, 'handle_key'>,
  versions: readonly NewVersion[],
  person_keys: ReadonlyMap<string, Uint8Array>,
): Promise<StoredDeclaration[]> {
  const prepared = prepareVersions({ handle_key }, versions, person_keys);
  await prepared.statement().execute(transaction);
  return prepared.stored;
}

/** Versions ready to be written. */
export type PreparedVersions = {
  /** Answers a row for each version that it wrote. @param blocked a query: when it finds anything, nothing is written. */
  statement(blocked?: RawBuilder<unknown>): RawBuilder<unknown>;
  stored: StoredDeclaration[];
};

/** @param person_keys of everybody whom the versions name. @throws Problem 409 `person_erased`. */
export function prepareVersions(
  { handle_key }: Pick<WriteDeps, 'handle_key'>,
  versions: readonly NewVersion[],
  person_keys: ReadonlyMap<string, Uint8Array>,
): PreparedVersions {
  const sealed = versions.map(({ body }) => sealVersion(body, { person_key: keyOf(body, person_keys), handle_key }));
  return {
    statement: (blocked) => insertion(versions, sealed, blocked),
    stored: versions.map(({ body }, at) => storedFrom(body, sealed[at]!)),
  };
}

/** What reading a version that was just written would give. */
function storedFrom({ op: _op, ...body }: VersionBody, { leaf_hash }: SealedVersion): StoredDeclaration {
  return {
    ...body,
    is_active: body.status === 'active' || body.status === 'pending_verification',
    leaf_hash: leaf_hash.toString('hex'),
    leaf_index: null,
  };
}

function keyOf({ person_id }: VersionBody, person_keys: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const key = person_keys.get(person_id);
  if (!key) throw personErased();
  return key;
}

export function personErased(): Problem {
  return conflict('The person was erased; nothing more is stored under this id.', 'person_erased');
}

function insertion(
  versions: readonly NewVersion[],
  sealed: readonly SealedVersion[],
  blocked: RawBuilder<unknown> = sql`select where false`,
): RawBuilder<unknown> {
  const of = <Name extends keyof VersionBody>(name: Name) => versions.map(({ body }) => body[name]);
  const bytes = (name: keyof SealedVersion) => byteArray(sealed.map((one) => one[name]));
  return sql`
    with blocked as materialized (${blocked}), new as materialized (
      select * from unnest(${of('id')}::uuid[], ${of('version')}::integer[], ${of('op')}::text[], ${of('status')}::ops.declaration_status[],
        ${of('updated_at')}::timestamptz[], ${of('inserted_at')}::timestamptz[], ${of('updated_by')}::uuid[], ${of('person_id')}::uuid[],
        ${of('pseudonym')}::uuid[], ${of('legal_entity_id')}::uuid[], ${of('division_id')}::uuid[], ${of('employee_id')}::uuid[],
        ${of('declaration_request_id')}::uuid[], ${of('start_date')}::date[], ${of('end_date')}::date[],
        ${versions.map(({ body }) => body.evidence.signed_content_sha256)}::text[],
        ${bytes('body')}::bytea[], ${bytes('sealed_seed')}::bytea[], ${bytes('leaf_hash')}::bytea[], ${bytes('entry')}::bytea[],
        ${versions.map(({ context }) => context.request_id)}::text[], ${versions.map(({ context }) => context.client_id ?? null)}::uuid[],
        ${versions.map(({ body }) => event_of[body.status])}::text[], ${versions.map(({ body }) => JSON.stringify(payloadOf(body)))}::jsonb[])
        with ordinality as given (id, version, op, status, updated_at, inserted_at, updated_by, person_id, pseudonym, legal_entity_id,
          division_id, employee_id, declaration_request_id, start_date, end_date, signed_content_sha256, body, sealed_seed, leaf_hash,
          entry, request_id, client_id, event, payload, place)
      where not exists (select from blocked)
    ), version as (
      insert into ops.declaration_versions (declaration_id, version, op, status, body, sealed_seed, leaf_hash, recorded_at)
      select id, version, op, status, body, sealed_seed, leaf_hash, updated_at from new order by place
    ), history as (
      insert into ops.declaration_status_history (declaration_id, version, status, changed_at)
      select id, version, status, updated_at from new order by place
    ), leaf as (
      insert into ops.pending_leaves (record_id, version, entry) select id, version, entry from new order by place
    ), event as (
      insert into ops.outbox (type, object_type, object_id, payload) select event, 'declaration', id, payload from new order by place
    ), audit as (
      insert into ops.audit_log (request_id, actor_id, client_id, action, resource, resource_id)
      select request_id, updated_by, client_id, op, 'declaration', id from new order by place
    )
    insert into ops.declaration_heads (id, version, status, person_id, pseudonym, legal_entity_id, division_id, employee_id,
      declaration_request_id, signed_content_sha256, start_date, end_date, inserted_at, updated_at)
    select id, version, status, person_id, pseudonym, legal_entity_id, division_id, employee_id, declaration_request_id,
      signed_content_sha256, start_date, end_date, inserted_at, updated_at from new order by place
    on conflict (id) do update set version = excluded.version, status = excluded.status, person_id = excluded.person_id,
      pseudonym = excluded.pseudonym, updated_at = excluded.updated_at
    returning id`;
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
