-- The depersonalised replica: tables with the sources' own names, holding only the columns that their publications give.
-- Written by the apply workers of logical replication alone; the module reads them.
do $$ begin create role zdravo_reports nologin; exception when duplicate_object or unique_violation then null; end $$;

create schema mpi;
create schema ops;
create schema prm;
create schema il;

create table mpi.person_facts (
  pseudonym    uuid primary key,
  birth_month  date not null,
  gender       text not null,
  deceased_on  date,
  phone_fanout integer not null
);
comment on table mpi.person_facts is 'All that reports know of a person; birth_month makes ages on the first of a month exact.';

create type ops.declaration_status as enum ('pending_verification', 'active', 'terminated', 'closed', 'rejected');
create table ops.declaration_heads (
  id              uuid primary key,
  version         integer not null,
  status          ops.declaration_status not null,
  pseudonym       uuid not null,
  legal_entity_id uuid not null,
  division_id     uuid not null,
  employee_id     uuid not null,
  start_date      date not null,
  end_date        date not null,
  inserted_at     timestamptz not null,
  updated_at      timestamptz not null
);
create index declaration_heads_legal_entity on ops.declaration_heads (legal_entity_id) where status = 'active';
create index declaration_heads_division on ops.declaration_heads (division_id) where status = 'active';
create index declaration_heads_employee on ops.declaration_heads (employee_id) where status = 'active';
create table ops.declaration_status_history (
  declaration_id uuid not null,
  version        integer not null,
  status         ops.declaration_status not null,
  changed_at     timestamptz not null,
  primary key (declaration_id, version)
);
create index declaration_status_history_changed on ops.declaration_status_history using brin (changed_at);

create table prm.legal_entities (
  id           uuid primary key,
  name         text not null,
  short_name   text,
  public_name  text,
  type         text not null,
  edrpou       text not null,
  status       text not null,
  is_active    boolean not null,
  nhs_verified boolean not null,
  inserted_at  timestamptz not null,
  updated_at   timestamptz not null,
  addresses    jsonb not null,
  area         text generated always as (jsonb_path_query_first(addresses, '$[*] ? (@.type == "REGISTRATION")') ->> 'area') stored
);
create table prm.divisions (
  id                 uuid primary key,
  legal_entity_id    uuid not null,
  name               text not null,
  type               text not null,
  status             text not null,
  is_active          boolean not null,
  mountain_group     boolean not null,
  addresses          jsonb not null,
  phones             jsonb not null,
  email              text not null,
  location_longitude numeric,
  location_latitude  numeric,
  area               text generated always as (jsonb_path_query_first(addresses, '$[*] ? (@.type == "RESIDENCE")') ->> 'area') stored,
  settlement         text generated always as (jsonb_path_query_first(addresses, '$[*] ? (@.type == "RESIDENCE")') ->> 'settlement') stored
);
create index divisions_place on prm.divisions (location_latitude, location_longitude) where is_active;
create table prm.employees (
  id              uuid primary key,
  party_id        uuid not null,
  division_id     uuid,
  legal_entity_id uuid not null,
  employee_type   text not null,
  position        text not null,
  status          text not null,
  is_active       boolean not null,
  start_date      date not null,
  end_date        date,
  speciality      text
);
create index employees_party on prm.employees (party_id);
create index employees_legal_entity on prm.employees (legal_entity_id);
create table prm.parties (
  id          uuid primary key,
  first_name  text not null,
  last_name   text not null,
  second_name text
);
comment on table prm.parties is 'Names of those who work in clinics: public data. No patient is ever a party''s row here.';
create table prm.status_history (
  position    bigint primary key,
  resource    text not null,
  resource_id uuid not null,
  status      text not null,
  is_active   boolean not null,
  changed_at  timestamptz not null
);
create index status_history_resource on prm.status_history (resource_id, changed_at);
create table il.regions (id uuid primary key, name text not null);

grant usage on schema mpi, ops, prm, il to zdravo_reports;
grant select on all tables in schema mpi, ops, prm, il to zdravo_reports;
grant execute on function pg_replication_origin_progress(text, boolean) to zdravo_reports;
