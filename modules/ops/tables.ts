// Generated from the migrated database by `npm run generate`; not to be edited.
import type { Generated, GeneratedAlways } from 'kysely';

export type Tables = {
  'ops.audit_log': {
    recorded_at: Generated<string>;
    request_id: string;
    actor_id: string | null;
    client_id: string | null;
    action: string;
    resource: string;
    resource_id: string | null;
    detail: unknown | null;
  };
  'ops.consumed_events': {
    feed: string;
    event_id: string;
    consumed_at: Generated<string>;
  };
  'ops.container_upgrades': {
    declaration_id: string;
    person_id: string;
    body: Buffer;
    sealed_seed: Buffer;
    leaf_hash: Buffer;
    recorded_at: Generated<string>;
  };
  'ops.declaration_heads': {
    id: string;
    version: number;
    status: string;
    person_id: string;
    pseudonym: string;
    legal_entity_id: string;
    division_id: string;
    employee_id: string;
    declaration_request_id: string;
    signed_content_sha256: string;
    start_date: string;
    end_date: string;
    inserted_at: Generated<string>;
    updated_at: Generated<string>;
  };
  'ops.declaration_status_history': {
    declaration_id: string;
    version: number;
    status: string;
    changed_at: Generated<string>;
  };
  'ops.declaration_versions': {
    declaration_id: string;
    version: number;
    op: string;
    status: string;
    body: Buffer;
    sealed_seed: Buffer;
    leaf_hash: Buffer;
    recorded_at: Generated<string>;
  };
  'ops.erasures': {
    person_id: string;
    order_id: string;
    erased_at: Generated<string>;
    keys_dropped_at: string | null;
    body: Buffer;
    seed: Buffer;
    leaf_hash: Buffer;
  };
  'ops.event_cursors': {
    feed: string;
    position: string;
    updated_at: Generated<string>;
  };
  'ops.log_checkpoints': {
    size: number;
    root: Buffer;
    note: Buffer;
    published_at: Generated<string>;
  };
  'ops.log_entries': {
    leaf_index: number;
    entry: Buffer;
    record_id: string | null;
    version: number | null;
    kind: Generated<string>;
  };
  'ops.log_heads': {
    size: number;
    root: Buffer;
    at: Generated<string>;
  };
  'ops.log_state': {
    only_row: Generated<boolean>;
    frontier: Buffer;
  };
  'ops.outbox': {
    position: GeneratedAlways<number>;
    transaction_id: Generated<string>;
    id: Generated<string>;
    type: string;
    object_type: string;
    object_id: string;
    payload: unknown;
    occurred_at: Generated<string>;
  };
  'ops.pending_leaves': {
    position: GeneratedAlways<number>;
    record_id: string;
    version: number;
    entry: Buffer;
    inserted_at: Generated<string>;
    kind: Generated<string>;
  };
  'ops.person_aliases': {
    person_id: string;
    parent_id: string;
    merged_at: Generated<string>;
  };
  'ops.person_links': {
    person_id: string;
    version: number;
    op: string;
    parent_id: string;
    body: Buffer;
    seed: Buffer;
    leaf_hash: Buffer;
    logged_at: Generated<string>;
  };
  'ops.person_version_batches': {
    id: string;
    leaf_hash: Buffer;
    logged_at: Generated<string>;
  };
  'ops.signed_documents': {
    id: string;
    version: number;
    type: string;
    op: string;
    body: Buffer;
    sealed_seed: Buffer;
    leaf_hash: Buffer;
    recorded_at: string;
  };
  'ops.termination_orders': {
    id: string;
    subject_type: string;
    subject_id: string;
    actor_id: string;
    reason: string;
    reason_description: string | null;
    terminated: Generated<number>;
    ordered_at: Generated<string>;
    done_at: string | null;
  };
};
