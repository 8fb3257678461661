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
  'il.global_parameters': {
    parameter: string;
    value: string;
    updated_by: string | null;
    updated_at: Generated<string>;
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
  'il.regions': {
    id: string;
    name: string;
    katottg: string;
    koatuu: string | null;
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
};
