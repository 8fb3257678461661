// Generated from the migrated database by `npm run generate`; not to be edited.
import type { Generated, GeneratedAlways } from 'kysely';

export type Tables = {
  'auth.apps': {
    id: string;
    user_id: string;
    client_id: string;
    scope: string[];
    inserted_at: Generated<string>;
    updated_at: Generated<string>;
  };
  'auth.audit_log': {
    recorded_at: Generated<string>;
    request_id: string;
    actor_id: string | null;
    client_id: string | null;
    action: string;
    resource: string;
    resource_id: string | null;
    detail: unknown | null;
  };
  'auth.authentication_factors': {
    user_id: string;
    type: Generated<string>;
    factor: string | null;
    is_active: Generated<boolean>;
    inserted_at: Generated<string>;
    updated_at: Generated<string>;
  };
  'auth.client_types': {
    id: Generated<string>;
    name: string;
    scope: string[];
    inserted_at: Generated<string>;
    updated_at: Generated<string>;
  };
  'auth.clients': {
    id: string;
    name: string;
    client_type_id: string;
    redirect_uri: string | null;
    secret_hash: Buffer;
    access_type: Generated<string>;
    broker_scope: string[] | null;
    allowed_grant_types: Generated<string[]>;
    is_blocked: Generated<boolean>;
    block_reason: string | null;
    inserted_at: Generated<string>;
    updated_at: Generated<string>;
  };
  'auth.otps': {
    id: string;
    token_id: string;
    user_id: string;
    phone_hash: Buffer;
    code_hash: Buffer;
    attempts: Generated<number>;
    sent_at: Generated<string>;
    expires_at: string;
    used_at: string | null;
  };
  'auth.password_history': {
    id: GeneratedAlways<number>;
    user_id: string;
    password_hash: string;
    set_at: Generated<string>;
  };
  'auth.password_recoveries': {
    id: string;
    link_hash: Buffer;
    user_id: string;
    inserted_at: Generated<string>;
    expires_at: string;
    used_at: string | null;
  };
  'auth.roles': {
    id: Generated<string>;
    name: string;
    scope: string[];
    inserted_at: Generated<string>;
    updated_at: Generated<string>;
  };
  'auth.sign_in_failures': {
    id: GeneratedAlways<number>;
    email_hash: Buffer;
    at: Generated<string>;
  };
  'auth.tokens': {
    id: string;
    family_id: string;
    name: string;
    value_hash: Buffer;
    user_id: string;
    client_id: string;
    grant_type: string;
    scope: string[];
    redirect_uri: string | null;
    pending_phone: string | null;
    granted_name: string | null;
    issued_at: Generated<string>;
    expires_at: string;
    used_at: string | null;
    revoked_at: string | null;
  };
  'auth.user_roles': {
    id: string;
    user_id: string;
    role_id: string;
    client_id: string | null;
    inserted_at: Generated<string>;
  };
  'auth.users': {
    id: string;
    email: string;
    password_hash: string | null;
    password_set_at: string | null;
    second_factor_required: Generated<boolean>;
    is_blocked: Generated<boolean>;
    block_reason: string | null;
    settings: Generated<unknown>;
    inserted_at: Generated<string>;
    updated_at: Generated<string>;
  };
};
