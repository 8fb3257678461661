-- Partners: legal entities, their places and their people. Class-table inheritance: what every legal entity or employee has
-- stands in the parent table, what only one kind has in a child table of its own; a new kind is a new table.
do $$ begin create role zdravo_prm nologin; exception when duplicate_object or unique_violation then null; end $$;

create schema prm;
grant usage on schema prm to zdravo_prm;
set local search_path to prm;

create table legal_entities (
  id                       uuid primary key,
  type                     text not null check (type in ('MSP', 'PHARMACY', 'MIS', 'NHS')),
  edrpou                   text not null check (edrpou ~ '^[0-9]{8,10}$'),
  name                     text not null,
  short_name               text,
  public_name              text,
  owner_property_type      text not null,
  legal_form               text not null,
  kveds                    text[] not null check (cardinality(kveds) > 0),
  addresses                jsonb not null check (jsonb_typeof(addresses) = 'array'),
  phones                   jsonb not null check (jsonb_typeof(phones) = 'array'),
  email                    text not null,
  status                   text not null default 'ACTIVE' check (status in ('ACTIVE', 'CLOSED')),
  is_active                boolean not null default true,
  mis_verified             text not null default 'NOT_VERIFIED' check (mis_verified in ('VERIFIED', 'NOT_VERIFIED')),
  nhs_verified             boolean not null default false,
  created_by_mis_client_id uuid,
  inserted_by              uuid not null,
  updated_by               uuid not null,
  inserted_at              timestamptz not null default now(),
  updated_at               timestamptz not null default now(),
  area                     text generated always as (jsonb_path_query_first(addresses, '$[*] ? (@.type == "REGISTRATION")') ->> 'area') stored,
  settlement               text generated always as (jsonb_path_query_first(addresses, '$[*] ? (@.type == "REGISTRATION")') ->> 'settlement') stored,
  settlement_id            uuid generated always as ((jsonb_path_query_first(addresses, '$[*] ? (@.type == "REGISTRATION")') ->> 'settlement_id')::uuid) stored,
  constraint legal_entities_closed check (is_active = (status = 'ACTIVE')),
  constraint legal_entities_id_type unique (id, type),
  -- A closed one is never opened again, so a code has at most one record of each type (domain.md §3.1 step 9).
  constraint legal_entities_edrpou unique (edrpou, type)
);
comment on table legal_entities is 'Clinics, pharmacies and other partners. edrpou and type never change; the id is also the id of the OAuth client.';
create index legal_entities_settlement on legal_entities (settlement_id);
create index legal_entities_inserted on legal_entities (inserted_at desc, id);

create table medical_service_providers (
  legal_entity_id uuid primary key,
  type            text not null default 'MSP' check (type in ('MSP', 'PHARMACY')),
  licenses        jsonb not null check (jsonb_typeof(licenses) = 'array' and jsonb_array_length(licenses) > 0),
  accreditation   jsonb,
  constraint medical_service_providers_parent foreign key (legal_entity_id, type) references legal_entities (id, type)
);
comment on table medical_service_providers is 'Child of legal_entities: licences and accreditation of those who care for patients or dispense medicines.';

create table registered_providers (
  edrpou      text not null check (edrpou ~ '^[0-9]{8,10}$'),
  type        text not null check (type in ('MSP', 'PHARMACY')),
  name        text not null,
  inserted_at timestamptz not null default now(),
  primary key (edrpou, type)
);
comment on table registered_providers is 'The state''s list of providers: a legal entity that stands in it is mis_verified from the start.';

create table divisions (
  id                 uuid primary key,
  legal_entity_id    uuid not null references legal_entities (id),
  name               text not null,
  type               text not null,
  external_id        text,
  addresses          jsonb not null check (jsonb_typeof(addresses) = 'array'),
  phones             jsonb not null check (jsonb_typeof(phones) = 'array'),
  email              text not null,
  location_longitude numeric,
  location_latitude  numeric,
  mountain_group     boolean not null default false,
  status             text not null default 'ACTIVE' check (status in ('ACTIVE', 'INACTIVE')),
  is_active          boolean not null default true,
  inserted_by        uuid not null,
  updated_by         uuid not null,
  inserted_at        timestamptz not null default now(),
  updated_at         timestamptz not null default now(),
  settlement_id      uuid generated always as ((jsonb_path_query_first(addresses, '$[*] ? (@.type == "RESIDENCE")') ->> 'settlement_id')::uuid) stored,
  constraint divisions_id_legal_entity unique (id, legal_entity_id),
  constraint divisions_location check ((location_longitude is null) = (location_latitude is null))
);
comment on column divisions.mountain_group is 'Copied from the settlement of the residence, never from the client; raises the capitation rate.';
create index divisions_legal_entity on divisions (legal_entity_id, inserted_at desc);
create index divisions_settlement on divisions (settlement_id);

create table parties (
  id          uuid primary key,
  first_name  text not null,
  last_name   text not null,
  second_name text,
  birth_date  date not null,
  gender      text not null,
  tax_id      text not null,
  no_tax_id   boolean not null default false,
  documents   jsonb not null default '[]' check (jsonb_typeof(documents) = 'array'),
  phones      jsonb not null default '[]' check (jsonb_typeof(phones) = 'array'),
  inserted_by uuid not null,
  updated_by  uuid not null,
  inserted_at timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  constraint parties_tax_id unique (tax_id, birth_date)
);
comment on column parties.tax_id is 'Or series and number of the passport, when no_tax_id.';

create table party_users (
  user_id     uuid primary key,
  party_id    uuid not null references parties (id),
  inserted_at timestamptz not null default now()
);
comment on table party_users is 'Who signs in as whom: a user belongs to one party, a party may have several users.';
create index party_users_party on party_users (party_id);

create table employees (
  id              uuid primary key,
  party_id        uuid not null references parties (id),
  legal_entity_id uuid not null references legal_entities (id),
  division_id     uuid,
  employee_type   text not null,
  position        text not null,
  start_date      date not null,
  end_date        date,
  status          text not null check (status in ('APPROVED', 'DISMISSED')),
  status_reason   text,
  is_active       boolean not null default true,
  speciality      text,
  inserted_by     uuid not null,
  updated_by      uuid not null,
  inserted_at     timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  constraint employees_division foreign key (division_id, legal_entity_id) references divisions (id, legal_entity_id),
  constraint employees_id_type unique (id, employee_type),
  constraint employees_dismissed check (status <> 'DISMISSED' or not is_active)
);
comment on table employees is 'Employments: one party may have several, in one or many legal entities.';
comment on column employees.speciality is 'The speciality that a doctor works in (speciality_officio), public.';
create unique index employees_one_owner on employees (legal_entity_id)
  where is_active and employee_type in ('OWNER', 'PHARMACY_OWNER');
create index employees_party on employees (party_id);
create index employees_legal_entity on employees (legal_entity_id, inserted_at desc);
create index employees_division on employees (division_id) where division_id is not null;

create table employee_doctors (
  employee_id    uuid primary key,
  employee_type  text not null default 'DOCTOR' check (employee_type = 'DOCTOR'),
  educations     jsonb not null check (jsonb_typeof(educations) = 'array'),
  qualifications jsonb check (jsonb_typeof(qualifications) = 'array'),
  specialities   jsonb not null check (jsonb_typeof(specialities) = 'array'),
  science_degree jsonb,
  constraint employee_doctors_parent foreign key (employee_id, employee_type) references employees (id, employee_type)
);
comment on table employee_doctors is 'Child of employees: what only doctors have.';
create table employee_pharmacists (
  employee_id    uuid primary key,
  employee_type  text not null default 'PHARMACIST' check (employee_type = 'PHARMACIST'),
  educations     jsonb not null check (jsonb_typeof(educations) = 'array'),
  qualifications jsonb check (jsonb_typeof(qualifications) = 'array'),
  specialities   jsonb not null check (jsonb_typeof(specialities) = 'array'),
  science_degree jsonb,
  constraint employee_pharmacists_parent foreign key (employee_id, employee_type) references employees (id, employee_type)
);
comment on table employee_pharmacists is 'Child of employees: what only pharmacists have.';

create table black_list_users (
  id          uuid primary key,
  tax_id      text not null,
  is_active   boolean not null default true,
  inserted_by uuid not null,
  updated_by  uuid not null,
  inserted_at timestamptz not null default now(),
  updated_at  timestamptz not null default now()
);
comment on table black_list_users is 'Tax numbers of people who may not become staff.';
create unique index black_list_users_active on black_list_users (tax_id) where is_active;

create table status_history (
  position      bigint generated always as identity primary key,
  resource      text not null check (resource in ('legal_entity', 'division', 'employee')),
  resource_id   uuid not null,
  status        text not null,
  is_active     boolean not null,
  changed_at    timestamptz not null default now()
);
comment on table status_history is 'When which status of a partner began: what reports are computed from, as of any moment.';
create index status_history_resource on status_history (resource_id, changed_at);

create function record_status() returns trigger language plpgsql security definer set search_path = prm, pg_temp as $$
begin
  if tg_op = 'INSERT' or (old.status, old.is_active) is distinct from (new.status, new.is_active) then
    insert into status_history (resource, resource_id, status, is_active)
    values (tg_argv[0], new.id, new.status, new.is_active);
  end if;
  return null;
end $$;
comment on function record_status is 'Keeps status_history complete whoever writes; no role can write the history otherwise.';
create trigger record_status after insert or update on legal_entities for each row execute function record_status('legal_entity');
create trigger record_status after insert or update on divisions for each row execute function record_status('division');
create trigger record_status after insert or update on employees for each row execute function record_status('employee');

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

grant select, insert, update on legal_entities, medical_service_providers, divisions, parties, employees, employee_doctors,
  employee_pharmacists, black_list_users to zdravo_prm;
grant select, insert on party_users to zdravo_prm;
grant select on registered_providers, status_history to zdravo_prm;
grant insert on audit_log to zdravo_prm;

-- What reports may see: public data of clinics and doctors, never a tax number, a paper or a birth date.
create publication prm_partners for table
  legal_entities (id, name, short_name, public_name, type, edrpou, status, is_active, nhs_verified, inserted_at, updated_at, addresses),
  divisions (id, legal_entity_id, name, type, status, is_active, mountain_group, addresses, phones, email, location_longitude, location_latitude),
  employees (id, party_id, division_id, legal_entity_id, employee_type, position, status, is_active, start_date, end_date, speciality),
  parties (id, first_name, last_name, second_name),
  status_history (position, resource, resource_id, status, is_active, changed_at);
