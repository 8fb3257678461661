-- What the public statistics say below the country, fixed with a month's open files (publication/open-statistics.ts).
set local lock_timeout = '5s';
create table reports.open_legal_entities (
  run_id          uuid not null references reports.capitation_runs (id) on delete cascade,
  legal_entity_id uuid not null,
  primary key (run_id, legal_entity_id)
);
comment on table reports.open_legal_entities is 'Clinics of which the month''s open files hide no group: nothing that counts only these says anything of a hidden one.';
create table reports.open_areas (
  run_id            uuid not null references reports.capitation_runs (id) on delete cascade,
  area              text not null,
  declaration_count integer not null check (declaration_count > 0),
  primary key (run_id, area)
);
comment on table reports.open_areas is 'Sums of the open rows of a region.';
create table reports.open_divisions (
  run_id            uuid not null references reports.capitation_runs (id) on delete cascade,
  division_id       uuid not null,
  declaration_count integer not null check (declaration_count % 10 = 0),
  primary key (run_id, division_id)
);
comment on table reports.open_divisions is 'Whole tens, and only where they leave every division of a clinic uncertain.';
grant select, insert on reports.open_legal_entities, reports.open_areas, reports.open_divisions to zdravo_reports;
