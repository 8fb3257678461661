-- Contracts and their limits: whom the payer pays for, and for how many patients of which doctor at most.
set local lock_timeout = '5s';
create table prm.contracts (
  id                         uuid primary key,
  contract_number            text not null,
  contractor_legal_entity_id uuid not null,
  start_date                 date not null,
  end_date                   date not null,
  terminated_on              date,
  suspended_from             date,
  suspended_until            date
);
create table prm.contract_employees (
  id                uuid primary key,
  contract_id       uuid not null,
  employee_id       uuid not null,
  division_id       uuid not null,
  declaration_limit integer not null,
  start_date        date not null,
  end_date          date
);
grant select on prm.contracts, prm.contract_employees to zdravo_reports;

create table reports.capitation_contracts (
  run_id          uuid not null references reports.capitation_runs (id) on delete cascade,
  for_month       date not null,
  legal_entity_id uuid not null,
  contract_id     uuid not null,
  contract_number text not null,
  primary key (run_id, for_month, legal_entity_id)
);
comment on table reports.capitation_contracts is 'The contract that pays a legal entity''s month, as the run saw it.';
grant select, insert, delete on reports.capitation_contracts to zdravo_reports;
