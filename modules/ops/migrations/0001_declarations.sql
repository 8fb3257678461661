-- Operations: declarations as append-only versions, their present state, and the log that makes alteration evident.
do $$ begin create role zdravo_ops nologin; exception when duplicate_object or unique_violation then null; end $$;
do $$ begin create role zdravo_ops_sequencer nologin; exception when duplicate_object or unique_violation then null; end $$;
do $$ begin create role zdravo_ops_auditor nologin; exception when duplicate_object or unique_violation then null; end $$;

create schema ops;
grant usage on schema ops to zdravo_ops, zdravo_ops_sequencer, zdravo_ops_auditor;
set local search_path to ops;

create type declaration_status as enum ('pending_verification', 'active', 'terminated', 'closed', 'rejected');

create table declaration_versions (
  declaration_id uuid not null,
  version        integer not null check (version > 0),
  op             text not null check (op in ('create', 'approve', 'reject', 'terminate', 'close', 'relink')),
  status         declaration_status not null,
  body           bytea not null,
  sealed_seed    bytea not null,
  leaf_hash      bytea not null check (octet_length(leaf_hash) = 32),
  recorded_at    timestamptz not null default now(),
  primary key (declaration_id, version)
);
comment on table declaration_versions is 'Every state a declaration ever had. INSERT and SELECT only. The log holds one leaf per row.';
comment on column declaration_versions.body is 'Canonical JSON (RFC 8785) of the whole declaration; hashed exactly as stored.';
comment on column declaration_versions.sealed_seed is '32 random bytes that salt the commitment, sealed under the person''s key: dropping the key makes the leaf opaque for ever.';

create table declaration_heads (
  id                     uuid primary key,
  version                integer not null,
  status                 declaration_status not null,
  person_id              uuid not null,
  pseudonym              uuid not null,
  legal_entity_id        uuid not null,
  division_id            uuid not null,
  employee_id            uuid not null,
  declaration_request_id uuid not null,
  signed_content_sha256  text not null,
  start_date             date not null,
  end_date               date not null,
  inserted_at            timestamptz not null default now(),
  updated_at             timestamptz not null default now(),
  constraint declaration_heads_request unique (declaration_request_id),
  constraint declaration_heads_version foreign key (id, version) references declaration_versions (declaration_id, version),
  constraint declaration_heads_period check (end_date >= start_date)
);
comment on table declaration_heads is 'The present state: a fold of declaration_versions, proved by the auditor.';
create unique index declaration_heads_one_active on declaration_heads (person_id) where status = 'active';
create index declaration_heads_living_person on declaration_heads (person_id) where status in ('active', 'pending_verification');
create index declaration_heads_employee on declaration_heads (employee_id, inserted_at desc);
create index declaration_heads_legal_entity on declaration_heads (legal_entity_id, inserted_at desc);
create index declaration_heads_person on declaration_heads (person_id, inserted_at desc);
create index declaration_heads_ending on declaration_heads (end_date) where status in ('active', 'pending_verification');

create table declaration_status_history (
  declaration_id uuid not null,
  version        integer not null,
  status         declaration_status not null,
  changed_at     timestamptz not null default now(),
  primary key (declaration_id, version)
);
comment on table declaration_status_history is 'When which status began: what reports are computed from, as of any moment.';

create table person_aliases (
  person_id uuid primary key,
  parent_id uuid not null,
  merged_at timestamptz not null default now(),
  constraint person_aliases_not_self check (person_id <> parent_id)
);
comment on table person_aliases is 'Merged persons: a declaration that names the old id is stored under the parent.';

create table termination_orders (
  id                 uuid primary key,
  subject_type       text not null check (subject_type in ('employee', 'legal_entity', 'person')),
  subject_id         uuid not null,
  actor_id           uuid not null,
  reason             text not null,
  reason_description text,
  terminated         integer not null default 0,
  ordered_at         timestamptz not null default now(),
  done_at            timestamptz
);
create index termination_orders_open on termination_orders (ordered_at) where done_at is null;

-- The log.
create table pending_leaves (
  position       bigint generated always as identity primary key,
  declaration_id uuid not null,
  version        integer not null,
  entry          bytea not null,
  inserted_at    timestamptz not null default now()
);
alter table pending_leaves set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
comment on table pending_leaves is 'Leaves of committed versions that the sequencer has not placed yet.';

create table log_entries (
  leaf_index     bigint primary key check (leaf_index >= 0),
  entry          bytea not null,
  declaration_id uuid not null,
  version        integer not null,
  constraint log_entries_version unique (declaration_id, version)
);
create table log_state (
  only_row boolean primary key default true check (only_row),
  frontier bytea not null
);
create table log_heads (
  size bigint primary key,
  root bytea not null check (octet_length(root) = 32),
  at   timestamptz not null default now()
);
create index log_heads_root on log_heads (root);
comment on table log_heads is 'Every root that the log ever had: any of them, from a request''s creation on, may be signed as its seed.';

-- Outbox, consumer memory, audit.
create table outbox (
  position       bigint generated always as identity,
  transaction_id xid8 not null default pg_current_xact_id(),
  id             uuid not null default gen_random_uuid(),
  type           text not null,
  object_type    text not null,
  object_id      uuid not null,
  payload        jsonb not null,
  occurred_at    timestamptz not null default now(),
  primary key (transaction_id, position)
);
create index outbox_occurred on outbox (occurred_at);
create table event_cursors (feed text primary key, position text not null, updated_at timestamptz not null default now());
create table consumed_events (
  feed text not null, event_id uuid not null, consumed_at timestamptz not null default now(), primary key (feed, event_id)
);
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

grant select, insert on declaration_versions, declaration_status_history to zdravo_ops;
grant select, insert, update on declaration_heads, termination_orders, person_aliases to zdravo_ops;
grant select, insert on pending_leaves, outbox, consumed_events, audit_log to zdravo_ops;
grant select, insert, update on event_cursors to zdravo_ops;
grant delete on outbox, consumed_events to zdravo_ops;
grant select on log_entries, log_heads to zdravo_ops;

grant select, insert on log_entries, log_heads to zdravo_ops_sequencer;
grant select, insert, update on log_state to zdravo_ops_sequencer;
grant select, delete on pending_leaves to zdravo_ops_sequencer;

grant select on all tables in schema ops to zdravo_ops_auditor;

-- What reports may see: no id of a person, only the pseudonym.
create publication ops_declarations for table
  declaration_heads (id, version, status, pseudonym, legal_entity_id, division_id, employee_id, start_date, end_date, inserted_at, updated_at),
  declaration_status_history (declaration_id, version, status, changed_at);
