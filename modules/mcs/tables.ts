// Generated from the migrated database by `npm run generate`; not to be edited.
import type { Generated, GeneratedAlways } from 'kysely';

export type Tables = {
  'mcs.consumed_events': {
    feed: string;
    event_id: string;
    consumed_at: Generated<string>;
  };
  'mcs.container_upgrades': {
    object_id: string;
    due_at: string | null;
    attempts: Generated<number>;
    time_stamps: Generated<Buffer[]>;
    level: string | null;
    refusal: string | null;
    settled_at: string | null;
  };
  'mcs.event_cursors': {
    feed: string;
    position: string;
    updated_at: Generated<string>;
  };
  'mcs.objects': {
    id: string;
    resource_type: string;
    resource_id: string;
    form: string;
    bucket: string;
    key: string;
    sha256: string;
    size: number;
    content_type: string;
    wrapped_key: Buffer;
    key_owner_id: string;
    person_id: string | null;
    stored_at: Generated<string>;
  };
  'mcs.read_audit': {
    recorded_at: Generated<string>;
    request_id: string;
    actor_id: string | null;
    client_id: string | null;
    action: string;
    resource: string;
    resource_id: string | null;
    purpose: string | null;
  };
  'mcs.uploads': {
    id: string;
    position: GeneratedAlways<number>;
    resource_type: string;
    resource_id: string;
    document_type: string;
    content_type: string;
    sha256: string | null;
    size: number | null;
    status: Generated<string>;
    flaw: string | null;
    object_id: string | null;
    issued_at: string;
    expires_at: string;
    checked_at: string | null;
    removed_at: string | null;
  };
};
