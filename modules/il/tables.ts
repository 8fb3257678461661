// Generated from the migrated database by `npm run generate`; not to be edited.
import type { Generated } from 'kysely';

export type Tables = {
  'il.audit_log': {
    recorded_at: Generated<string>;
    request_id: string;
    actor_id: string | null;
    client_id: string | null;
    action: string;
    resource: string;
    resource_id: string | null;
    detail: unknown | null;
  };
  'il.consumed_events': {
    feed: string;
    event_id: string;
    consumed_at: Generated<string>;
  };
  'il.declaration_requests': {
    id: string;
    status: Generated<string>;
    legal_entity_id: string;
    division_id: string;
    employee_id: string;
    party_id: string;
    person_hmac: Buffer;
    phone_hmac: Buffer | null;
    method: string;
    masked_number: string | null;
    document_types: Generated<string[]>;
    start_date: string;
    end_date: string;
    seed_size: number;
    declaration_id: string;
    declaration_number: string;
    new_person_id: string;
    sealed_data: Buffer | null;
    sealed_container: Buffer | null;
    container_sha256: string | null;
    content_hmac: Buffer | null;
    verification_id: string | null;
    documents: Generated<unknown>;
    signed_by: string | null;
    signed_at: string | null;
    seed: string | null;
    inserted_by: string;
    inserted_at: Generated<string>;
    updated_by: string;
    updated_at: Generated<string>;
  };
  'il.declaration_slots': {
    party_id: string;
    person_hmac: Buffer;
    phone_hmac: Buffer | null;
    employee_id: string;
    declaration_request_id: string;
    declaration_id: string;
    taken_at: Generated<string>;
  };
  'il.dictionaries': {
    name: string;
    values: unknown;
    labels: Generated<string[]>;
    is_active: Generated<boolean>;
    updated_at: Generated<string>;
  };
  'il.dismissals': {
    employee_id: string;
    order_id: Generated<string>;
    actor_id: string;
    ordered_at: Generated<string>;
    done_at: string | null;
  };
  'il.districts': {
    id: string;
    region_id: string;
    name: string;
    katottg: string;
    koatuu: string | null;
  };
  'il.employee_requests': {
    id: string;
    legal_entity_id: string;
    employee_id: string | null;
    employee_type: string;
    email: string;
    status: Generated<string>;
    data: unknown;
    invite_sha256: Buffer;
    user_alias: string;
    user_made_at: string | null;
    inserted_by: string;
    inserted_at: Generated<string>;
    updated_at: Generated<string>;
  };
  'il.event_cursors': {
    feed: string;
    position: string;
    updated_at: Generated<string>;
  };
  'il.global_parameters': {
    parameter: string;
    value: string;
    updated_by: string | null;
    updated_at: Generated<string>;
  };
  'il.kept_promises': {
    declaration_id: string;
    version: number;
    note: string;
    received_at: Generated<string>;
  };
  'il.keys_to_drop': {
    request_id: string;
    wiped_at: Generated<string>;
  };
  'il.legal_entity_closings': {
    legal_entity_id: string;
    actor_id: string;
    ordered_at: Generated<string>;
    done_at: string | null;
  };
  'il.legal_entity_registrations': {
    container_sha256: string;
    legal_entity_id: string;
    employee_request_id: string;
    inserted_by: string;
    inserted_at: Generated<string>;
  };
  'il.person_erasures': {
    id: string;
    person_id: string;
    ground: string;
    document_number: string;
    document_date: string;
    status: Generated<string>;
    ordered_by: string;
    ordered_at: string;
    decided_by: string | null;
    decided_at: string | null;
    refusal: string | null;
    done_at: string | null;
  };
  'il.read_audit': {
    recorded_at: Generated<string>;
    request_id: string;
    actor_id: string | null;
    client_id: string | null;
    action: string;
    resource: string;
    resource_id: string | null;
    purpose: string | null;
  };
  'il.reconciliations': {
    id: string;
    requested_at: Generated<string>;
    started_at: string | null;
    finished_at: string | null;
    report: unknown | null;
  };
  'il.regions': {
    id: string;
    name: string;
    katottg: string;
    koatuu: string | null;
  };
  'il.search_canaries': {
    id: string;
    actor_id: string;
    client_id: string;
    reason: string;
    path: string[];
    purpose: string;
    request_id: string;
    raised_at: string;
  };
  'il.settlements': {
    id: string;
    region_id: string;
    district_id: string | null;
    parent_settlement_id: string | null;
    name: string;
    type: string;
    mountain_group: Generated<boolean>;
    katottg: string;
    koatuu: string | null;
  };
  'il.status_change_events': {
    id: Generated<string>;
    event_type: Generated<string>;
    entity_type: string;
    entity_id: string;
    properties: unknown;
    event_time: Generated<string>;
    changed_by: string;
  };
  'il.streets': {
    id: string;
    settlement_id: string;
    type: string;
    name: string;
  };
  'il.verifications': {
    id: string;
    purpose: string;
    subject_id: string | null;
    phone_hmac: Buffer;
    code_hmac: Buffer;
    status: Generated<string>;
    attempts: Generated<number>;
    expires_at: string;
    inserted_by: string;
    client_id: string;
    inserted_at: Generated<string>;
  };
  'il.verified_phones': {
    phone_hmac: Buffer;
    client_id: string;
    verified_at: Generated<string>;
  };
};
