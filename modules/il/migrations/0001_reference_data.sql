-- Integration Layer: reference data that every process checks against.
do $$ begin create role zdravo_il nologin; exception when duplicate_object or unique_violation then null; end $$;
do $$ begin create role zdravo_il_importer nologin; exception when duplicate_object or unique_violation then null; end $$;

create schema il;
grant usage on schema il to zdravo_il, zdravo_il_importer;
set local search_path to il;

create table dictionaries (
  name       text primary key check (name ~ '^[A-Z][A-Z0-9_]*$'),
  values     jsonb not null check (jsonb_typeof(values) = 'object'),
  labels     text[] not null default '{}',
  is_active  boolean not null default true,
  updated_at timestamptz not null default now()
);
comment on table dictionaries is 'Enumerations that validators look up at run time: code to text.';

create table regions (
  id      uuid primary key,
  name    text not null,
  katottg text not null,
  koatuu  text,
  constraint regions_katottg unique (katottg)
);
create table districts (
  id        uuid primary key,
  region_id uuid not null references regions (id),
  name      text not null,
  katottg   text not null,
  koatuu    text,
  constraint districts_katottg unique (katottg)
);
create table settlements (
  id                   uuid primary key,
  region_id            uuid not null references regions (id),
  district_id          uuid references districts (id),
  parent_settlement_id uuid references settlements (id),
  name                 text not null,
  type                 text not null check (type in ('CITY', 'TOWNSHIP', 'SETTLEMENT', 'VILLAGE')),
  mountain_group       boolean not null default false,
  katottg              text not null,
  koatuu               text,
  constraint settlements_katottg unique (katottg)
);
comment on column settlements.mountain_group is 'Has the status of a mountain settlement; raises the capitation rate. Changed by the payer or by an import only.';
create table streets (
  id            uuid primary key,
  settlement_id uuid not null references settlements (id),
  type          text not null,
  name          text not null,
  constraint streets_name unique (settlement_id, type, name)
);
create index districts_region on districts (region_id);
create index settlements_district on settlements (district_id);
create index settlements_region on settlements (region_id);
create index settlements_name on settlements (lower(name) text_pattern_ops);

grant select, insert, update on dictionaries to zdravo_il;
grant select on regions, districts, settlements, streets to zdravo_il;
grant select, insert, update on dictionaries, regions, districts, settlements, streets to zdravo_il_importer;
