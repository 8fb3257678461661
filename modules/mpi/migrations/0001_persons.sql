-- Master Patient Index: persons encrypted, found by blind indexes, never told to those who browse.
do $$ begin create role zdravo_mpi nologin; exception when duplicate_object or unique_violation then null; end $$;

create schema mpi;
grant usage on schema mpi to zdravo_mpi;
set local search_path to mpi;

create table persons (
  id             uuid primary key,
  status         text not null check (status in ('active', 'merged', 'erased')),
  parent_id      uuid,
  version        integer not null check (version > 0),
  pseudonym      uuid not null default gen_random_uuid(),
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now(),
  is_root        boolean not null generated always as (parent_id is null) stored,
  parent_is_root boolean generated always as (case when parent_id is not null then true end) stored,
  constraint persons_pseudonym unique (pseudonym),
  constraint persons_roots unique (id, is_root),
  constraint persons_parent_is_root foreign key (parent_id, parent_is_root) references persons (id, is_root),
  constraint persons_merged_have_parent check ((status = 'merged') = (parent_id is not null))
);
comment on table persons is 'The present state of each id. A merged id points to its parent, and a parent is never merged itself: chains and cycles cannot be stored.';
create index persons_merged on persons (parent_id) where parent_id is not null;

create table person_versions (
  person_id   uuid not null,
  version     integer not null,
  ciphertext  bytea not null,
  source_type text not null,
  source_id   uuid not null,
  recorded_at timestamptz not null default now(),
  primary key (person_id, version)
);
comment on table person_versions is 'Canonical JSON under the person''s own key (AES-256-GCM), padded to size classes. INSERT and SELECT only.';

create table unique_tokens (
  index_name text not null,
  generation text not null,
  token      bigint not null,
  person_id  uuid not null,
  primary key (index_name, generation, token)
);
comment on table unique_tokens is 'Blind indexes of naturally unique identifiers: the constraint that makes one human one person.';
create index unique_tokens_person on unique_tokens (person_id);

create table search_tokens (
  index_name text not null,
  generation text not null,
  token      bigint not null,
  person_id  uuid not null,
  primary key (index_name, generation, token, person_id)
);
comment on table search_tokens is 'Blind indexes of composites; 64-bit truncations of HMAC-SHA-256, a key for each index.';
create index search_tokens_person on search_tokens (person_id);

create table person_facts (
  pseudonym   uuid primary key,
  birth_month date not null check (extract(day from birth_month) = 1),
  gender      text not null check (gender in ('MALE', 'FEMALE')),
  deceased_on date
);
comment on table person_facts is 'All that reports may know. birth_month is the month after that of birth, or the month itself for those born on the 1st: ages on the first of a month are then exact.';

create table person_orders (
  id        uuid primary key,
  kind      text not null check (kind in ('authentication_method_reset', 'erasure')),
  person_id uuid not null,
  done_at   timestamptz not null default now()
);

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
create table read_audit (
  recorded_at timestamptz not null default now(),
  request_id  text not null,
  actor_id    uuid,
  client_id   uuid,
  action      text not null,
  resource    text not null,
  resource_id uuid,
  purpose     text
) partition by range (recorded_at);
create table read_audit_default partition of read_audit default;

grant select, insert, update on persons, person_facts to zdravo_mpi;
grant delete on person_facts to zdravo_mpi;
grant select, insert on person_versions, person_orders, outbox, audit_log, read_audit to zdravo_mpi;
grant select, insert, delete on unique_tokens, search_tokens to zdravo_mpi;

create publication mpi_person_facts for table person_facts (pseudonym, birth_month, gender, deceased_on);
