-- Accounts, the programs that act for them, and what they may do. Nothing here is a secret in clear: passwords are
-- scrypt hashes, client secrets and tokens SHA-256 of long random values, one-time codes HMACs under a key outside.
do $$ begin create role zdravo_auth nologin; exception when duplicate_object or unique_violation then null; end $$;
create schema auth;
grant usage on schema auth to zdravo_auth;

create table auth.users (
  id                     uuid primary key,
  email                  text not null,
  password_hash          text,
  password_set_at        timestamptz,
  second_factor_required boolean not null default false,
  is_blocked             boolean not null default false,
  block_reason           text,
  settings               jsonb not null default '{}',
  inserted_at            timestamptz not null default now(),
  updated_at             timestamptz not null default now(),
  constraint users_email_shape check (length(email) between 3 and 254 and position('@' in email) > 1),
  constraint users_password_dated check ((password_hash is null) = (password_set_at is null))
);
create unique index users_email_unique on auth.users (lower(email));
comment on table auth.users is 'People who sign in. An account without a password hash waits for its first password.';

create table auth.password_history (
  id            bigint generated always as identity primary key,
  user_id       uuid not null references auth.users on delete cascade,
  password_hash text not null,
  set_at        timestamptz not null default now()
);
create index password_history_user on auth.password_history (user_id, id);
comment on table auth.password_history is 'Former passwords, so that none of the last ones is taken again.';

create table auth.client_types (
  id         uuid primary key default gen_random_uuid(),
  name       text not null constraint client_types_name_unique unique,
  scope      text[] not null,
  inserted_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
comment on table auth.client_types is 'Kinds of programs and organisations; a token''s scope is at most its client type''s.';

create table auth.clients (
  id                  uuid primary key,
  name                text not null,
  client_type_id      uuid not null references auth.client_types,
  redirect_uri        text,
  secret_hash         bytea not null constraint clients_secret_unique unique,
  access_type         text not null default 'DIRECT',
  broker_scope        text[],
  allowed_grant_types text[] not null default '{authorization_code,refresh_token}',
  is_blocked          boolean not null default false,
  block_reason        text,
  inserted_at         timestamptz not null default now(),
  updated_at          timestamptz not null default now(),
  constraint clients_access_type check (access_type in ('DIRECT', 'BROKER')),
  constraint clients_secret_length check (octet_length(secret_hash) = 32)
);
comment on table auth.clients is 'Programs and organisations; of a clinic the id is that of its legal entity.';
comment on column auth.clients.access_type is 'BROKER: only together with the API-key of a client that has a broker_scope.';
comment on column auth.clients.broker_scope is 'Present for medical information systems: the cap on what passes through them.';

create table auth.roles (
  id          uuid primary key default gen_random_uuid(),
  name        text not null constraint roles_name_unique unique,
  scope       text[] not null,
  inserted_at timestamptz not null default now(),
  updated_at  timestamptz not null default now()
);
comment on table auth.roles is 'Named sets of scopes, given to users per client.';

create table auth.user_roles (
  id          uuid primary key,
  user_id     uuid not null references auth.users on delete cascade,
  role_id     uuid not null references auth.roles,
  client_id   uuid references auth.clients,
  inserted_at timestamptz not null default now(),
  constraint user_roles_once unique nulls not distinct (user_id, role_id, client_id)
);
comment on column auth.user_roles.client_id is 'Null: the role holds for every client (a global role).';

create table auth.apps (
  id          uuid primary key,
  user_id     uuid not null references auth.users on delete cascade,
  client_id   uuid not null references auth.clients,
  scope       text[] not null,
  inserted_at timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  constraint apps_once unique (user_id, client_id)
);
comment on table auth.apps is 'Approvals: what a user let a client do in their name.';

create table auth.tokens (
  id             uuid primary key,
  family_id      uuid not null,
  name           text not null,
  value_hash     bytea not null constraint tokens_value_unique unique,
  user_id        uuid not null references auth.users on delete cascade,
  client_id      uuid not null references auth.clients,
  grant_type     text not null,
  scope          text[] not null,
  redirect_uri   text,
  pending_phone  text,
  granted_name   text,
  issued_at      timestamptz not null default now(),
  expires_at     timestamptz not null,
  used_at        timestamptz,
  revoked_at     timestamptz,
  constraint tokens_name check (name in
    ('authorization_code', 'access_token', 'refresh_token', '2fa_access_token', 'change_password_token')),
  constraint tokens_value_length check (octet_length(value_hash) = 32)
);
create index tokens_family on auth.tokens (family_id);
create index tokens_user_client on auth.tokens (user_id, client_id);
create index tokens_expires on auth.tokens (expires_at);
comment on table auth.tokens is 'Everything issued, by SHA-256 of its value. One sign-in and all that came of it is a family.';
comment on column auth.tokens.scope is 'Of a 2fa_access_token: what will be granted once the second factor is shown.';
comment on column auth.tokens.used_at is 'Codes, refresh and 2fa tokens serve once; a second use of a code or refresh token ends its family.';

create table auth.authentication_factors (
  user_id     uuid primary key references auth.users on delete cascade,
  type        text not null default 'SMS',
  factor      text,
  is_active   boolean not null default true,
  inserted_at timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  constraint authentication_factors_type check (type = 'SMS')
);
comment on table auth.authentication_factors is 'Second factors. A null factor: the user has to name a phone at the next sign-in.';

create table auth.otps (
  id         uuid primary key,
  token_id   uuid not null references auth.tokens on delete cascade,
  user_id    uuid not null references auth.users on delete cascade,
  phone_hash bytea not null,
  code_hash  bytea not null,
  attempts   integer not null default 0,
  sent_at    timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at    timestamptz,
  constraint otps_attempts check (attempts between 0 and 100)
);
create index otps_token on auth.otps (token_id);
create index otps_phone on auth.otps (phone_hash, sent_at);
create index otps_user on auth.otps (user_id, sent_at);
comment on table auth.otps is 'One-time codes of sign-ins, as HMACs bound to the 2fa token that they confirm.';

create table auth.sign_in_failures (
  id         bigint generated always as identity primary key,
  email_hash bytea not null,
  at         timestamptz not null default now()
);
create index sign_in_failures_email on auth.sign_in_failures (email_hash, at);
create index sign_in_failures_at on auth.sign_in_failures (at);
comment on table auth.sign_in_failures is 'Failed sign-ins (and those under way) by HMAC of the e-mail, known or not; kept for a day.';

create table auth.password_recoveries (
  id          uuid primary key,
  link_hash   bytea not null constraint password_recoveries_link_unique unique,
  user_id     uuid not null references auth.users on delete cascade,
  inserted_at timestamptz not null default now(),
  expires_at  timestamptz not null,
  used_at     timestamptz
);
create index password_recoveries_user on auth.password_recoveries (user_id);
comment on table auth.password_recoveries is 'One-use links that set a password, by hash.';

create table auth.audit_log (
  recorded_at timestamptz not null default now(),
  request_id  text not null,
  actor_id    uuid,
  client_id   uuid,
  action      text not null,
  resource    text not null,
  resource_id uuid,
  detail      jsonb
) partition by range (recorded_at);
create table auth.audit_log_default partition of auth.audit_log default;
comment on table auth.audit_log is 'Who changed accounts, secrets and roles; written in the change''s own transaction.';

grant select, insert, update, delete on auth.users, auth.password_history, auth.clients, auth.user_roles, auth.apps,
  auth.tokens, auth.authentication_factors, auth.otps, auth.sign_in_failures, auth.password_recoveries to zdravo_auth;
grant select, insert, update on auth.client_types, auth.roles to zdravo_auth;
grant insert on auth.audit_log to zdravo_auth;
