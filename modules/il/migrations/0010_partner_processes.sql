-- Processes about partners: parameters, requests for staff, registrations, events for vendors, audit.
set local search_path to il;

create table global_parameters (
  parameter  text primary key,
  value      text not null,
  updated_by uuid,
  updated_at timestamptz not null default now()
);
comment on table global_parameters is 'Business configuration; names are the reference''s (domain.md §2.3).';

create table legal_entity_registrations (
  container_sha256    text primary key check (container_sha256 ~ '^[0-9a-f]{64}$'),
  legal_entity_id     uuid not null,
  employee_request_id uuid not null,
  inserted_by         uuid not null,
  inserted_at         timestamptz not null default now()
);
comment on table legal_entity_registrations is 'One row per signed registration that took effect: the same container again changes nothing.';

create table employee_requests (
  id              uuid primary key,
  legal_entity_id uuid not null,
  employee_id     uuid,
  employee_type   text not null,
  email           text not null,
  status          text not null default 'NEW' check (status in ('NEW', 'APPROVED', 'REJECTED', 'EXPIRED')),
  data            jsonb not null,
  invite_sha256   bytea not null,
  user_alias      uuid not null,
  user_made_at    timestamptz,
  inserted_by     uuid not null,
  inserted_at     timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  constraint employee_requests_invite unique (invite_sha256),
  constraint employee_requests_alias unique (user_alias)
);
comment on column employee_requests.invite_sha256 is 'Hash of the secret in the invitation''s link.';
comment on column employee_requests.user_alias is 'What the invitation shows instead of the id; a password can be set by it once (user_made_at).';
create index employee_requests_legal_entity on employee_requests (legal_entity_id, inserted_at desc);
create index employee_requests_new on employee_requests (inserted_at) where status = 'NEW';

create table legal_entity_closings (
  legal_entity_id uuid primary key,
  actor_id        uuid not null,
  ordered_at      timestamptz not null default now(),
  done_at         timestamptz
);
comment on table legal_entity_closings is 'Closings whose staff is still to be dismissed and whose declarations are still to be ended.';

create table dismissals (
  employee_id uuid primary key,
  order_id    uuid not null default gen_random_uuid(),
  actor_id    uuid not null,
  ordered_at  timestamptz not null default now(),
  done_at     timestamptz
);
comment on table dismissals is 'Dismissed doctors whose declarations Operations is still to be told to end. order_id makes that order repeatable.';
create index dismissals_open on dismissals (ordered_at) where done_at is null;

create table status_change_events (
  id          uuid primary key default gen_random_uuid(),
  event_type  text not null default 'StatusChangeEvent',
  entity_type text not null,
  entity_id   uuid not null,
  properties  jsonb not null,
  event_time  timestamptz not null default now(),
  changed_by  uuid not null
);
comment on table status_change_events is 'What vendors poll by GET /api/events; kept 30 days.';
create index status_change_events_time on status_change_events (event_time, id);

create table audit_log (
  recorded_at timestamptz not null default now(),
  request_id  text not null,
  actor_id    uuid,
  client_id   uuid,
  action      text not null,
  resource    text not null,
  resource_id uuid,
  detail      jsonb
) partition by range (recorded_at);
create table audit_log_default partition of audit_log default;

grant select, insert on global_parameters to zdravo_il_importer;
grant select, insert, update on global_parameters, employee_requests, legal_entity_closings, dismissals to zdravo_il;
grant select, insert on legal_entity_registrations, status_change_events to zdravo_il;
grant delete on status_change_events to zdravo_il;
grant insert on audit_log to zdravo_il;
grant update (mountain_group) on settlements to zdravo_il;
