-- The log's promises as Operations gave them with its answers: whoever audits the log asks for their fulfilment.
do $$ begin create role zdravo_il_auditor nologin; exception when duplicate_object or unique_violation then null; end $$;
set local search_path to il;

create table kept_promises (
  declaration_id uuid not null,
  version        integer not null,
  note           text not null,
  received_at    timestamptz not null default now(),
  primary key (declaration_id, version)
);
comment on table kept_promises is 'One signed promise per written version, kept 90 days: outside the database whose log it binds. No personal data.';
create index kept_promises_received on kept_promises (received_at, declaration_id, version);

grant usage on schema il to zdravo_il_auditor;
grant select, insert, delete on kept_promises to zdravo_il;
grant select on kept_promises to zdravo_il_auditor;
