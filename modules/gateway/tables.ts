// Generated from the migrated database by `npm run generate`; not to be edited.
import type { Generated } from 'kysely';

export type Tables = {
  'gateway.idempotent_answers': {
    slot: Buffer;
    body_mac: Buffer;
    locked_until: string;
    holder: string;
    sealed: Buffer | null;
    inserted_at: Generated<string>;
  };
  'gateway.request_record': {
    at: string;
    request_id: string;
    method: string;
    path: string;
    status: number;
    duration_ms: number;
    user_id: string | null;
    client_id: string | null;
    broker_id: string | null;
    ip: string;
  };
};
