-- Contracts of the payer with clinics: which of their doctors are paid, and for how many patients at most.
set local lock_timeout = '5s';
create table prm.contracts (
  id                         uuid primary key,
  contract_number            text not null check (contract_number ~ '^[0-9]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$'),
  contractor_legal_entity_id uuid not null references prm.legal_entities (id),
  start_date                 date not null,
  end_date                   date not null,
  terminated_on              date,
  suspended_from             date,
  suspended_until            date,
  inserted_by                uuid not null,
  updated_by                 uuid not null,
  inserted_at                timestamptz not null default now(),
  updated_at                 timestamptz not null default now(),
  constraint contracts_number unique (contract_number),
  constraint contracts_dates check (start_date <= end_date),
  constraint contracts_suspension check (suspended_until is null or suspended_from <= suspended_until)
);
create index contracts_legal_entity on prm.contracts (contractor_legal_entity_id, start_date);
comment on table prm.contracts is 'Pays while start_date < billing date <= end_date and neither terminated nor suspended (domain.md §3.8).';

create table prm.contract_employees (
  id                uuid primary key,
  contract_id       uuid not null references prm.contracts (id),
  employee_id       uuid not null references prm.employees (id),
  division_id       uuid not null references prm.divisions (id),
  staff_units       numeric not null check (staff_units > 0),
  declaration_limit integer not null check (declaration_limit > 0),
  start_date        date not null,
  end_date          date,
  constraint contract_employees_once unique (contract_id, employee_id, division_id, start_date)
);
comment on column prm.contract_employees.declaration_limit is 'Most declarations of this doctor at this place that a month pays.';

grant select, insert, update on prm.contracts to zdravo_prm;
grant select, insert, update, delete on prm.contract_employees to zdravo_prm;

alter publication prm_partners add table
  prm.contracts (id, contract_number, contractor_legal_entity_id, start_date, end_date, terminated_on, suspended_from, suspended_until),
  prm.contract_employees (id, contract_id, employee_id, division_id, declaration_limit, start_date, end_date);
