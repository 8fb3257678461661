// Generated from the migrated database by `npm run generate`; not to be edited.
import type { Generated, GeneratedAlways } from 'kysely';

export type Tables = {
  'mpi.audit_log': {
    recorded_at: Generated<string>;
    request_id: string;
    actor_id: string | null;
    client_id: string | null;
    action: string;
    resource: string;
    resource_id: string | null;
    detail: unknown | null;
  };
  'mpi.outbox': {
    position: GeneratedAlways<number>;
    transaction_id: Generated<string>;
    id: Generated<string>;
    type: string;
    object_type: string;
    object_id: string;
    payload: unknown;
    occurred_at: Generated<string>;
  };
  'mpi.person_facts': {
    pseudonym: string;
    birth_month: string;
    gender: string;
    deceased_on: string | null;
  };
  'mpi.person_orders': {
    id: string;
    kind: string;
    person_id: string;
    done_at: Generated<string>;
  };
  'mpi.person_versions': {
    person_id: string;
    version: number;
    ciphertext: Buffer;
    source_type: string;
    source_id: string;
    recorded_at: Generated<string>;
  };
  'mpi.persons': {
    id: string;
    status: string;
    parent_id: string | null;
    version: number;
    pseudonym: Generated<string>;
    created_at: Generated<string>;
    updated_at: Generated<string>;
    is_root: GeneratedAlways<boolean>;
    parent_is_root: GeneratedAlways<boolean | null>;
  };
  'mpi.read_audit': {
    recorded_at: Generated<string>;
    request_id: string;
    actor_id: string | null;
    client_id: string | null;
    action: string;
    resource: string;
    resource_id: string | null;
    purpose: string | null;
  };
  'mpi.search_tokens': {
    index_name: string;
    generation: string;
    token: number;
    person_id: string;
  };
  'mpi.unique_tokens': {
    index_name: string;
    generation: string;
    token: number;
    person_id: string;
  };
};
