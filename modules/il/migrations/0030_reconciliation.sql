-- Reconciliation of the registers: what each run found and repaired.
set local search_path to il;

create table reconciliations (
  id           uuid primary key,
  requested_at timestamptz not null default now(),
  started_at   timestamptz,
  finished_at  timestamptz,
  report       jsonb,
  constraint reconciliations_report check ((report is not null) = (finished_at is not null))
);
comment on table reconciliations is 'Runs of the comparison of il, mpi, ops, mcs and prm. Reports hold ids and kinds only; kept a year.';
create index reconciliations_requested on reconciliations (requested_at);

grant select, insert, update, delete on reconciliations to zdravo_il;
