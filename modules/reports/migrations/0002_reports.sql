-- Decision tables, capitation runs and what was published. Published things never change.
create schema reports;
grant usage on schema reports to zdravo_reports;
set local search_path to reports;

create table decision_tables (
  id          uuid primary key,
  key         text not null check (key ~ '^[a-z][a-z0-9_]{1,62}$'),
  title       text not null check (length(title) between 1 and 200),
  inserted_at timestamptz not null default now(),
  inserted_by uuid not null,
  constraint decision_tables_key unique (key)
);
comment on table decision_tables is 'A DMN model that analysts own; `key` is the name that code and callers know it by.';

create table decision_revisions (
  table_id       uuid not null references decision_tables (id),
  number         integer not null check (number > 0),
  state          text not null check (state in ('draft', 'tested', 'published')),
  dmn            text not null,
  digest         text not null check (digest ~ '^[0-9a-f]{64}$'),
  drafted_by     uuid not null,
  drafted_at     timestamptz not null,
  tested_by      uuid,
  tested_at      timestamptz,
  tested_cases   integer,
  published_by   uuid,
  published_at   timestamptz,
  effective_from date,
  reason         text,
  restores       integer,
  primary key (table_id, number),
  constraint decision_revisions_tested check ((state = 'draft') = (tested_at is null) and (tested_at is null) = (tested_cases is null)),
  constraint decision_revisions_published check ((state = 'published') = (published_at is not null) and (published_at is null) = (effective_from is null)),
  constraint decision_revisions_four_eyes check (published_by <> drafted_by)
);
comment on constraint decision_revisions_four_eyes on decision_revisions is 'Whoever wrote a revision cannot put it into force.';
create function keep_published() returns trigger language plpgsql as $$
begin
  raise exception 'a published revision never changes' using errcode = 'integrity_constraint_violation';
end $$;
create trigger keep_published before update or delete on decision_revisions for each row
  when (old.state = 'published') execute function keep_published();

create table decision_test_cases (
  table_id uuid not null references decision_tables (id),
  name     text not null check (length(name) between 1 and 200),
  decision text not null,
  inputs   jsonb not null,
  expected jsonb not null,
  primary key (table_id, name)
);

create table experiments (
  id          uuid primary key,
  table_id    uuid not null references decision_tables (id),
  champion    integer not null,
  challengers jsonb not null,
  started_at  timestamptz not null default now(),
  started_by  uuid not null,
  ended_at    timestamptz,
  foreign key (table_id, champion) references decision_revisions (table_id, number)
);
create unique index experiments_one_running on experiments (table_id) where ended_at is null;

create table decisions (
  id            uuid primary key,
  table_id      uuid not null,
  revision      integer not null,
  digest        text not null,
  decision      text not null,
  inputs        jsonb not null,
  verdict       jsonb not null,
  experiment_id uuid references experiments (id),
  subject       text,
  client_id     uuid,
  decided_at    timestamptz not null,
  foreign key (table_id, revision) references decision_revisions (table_id, number)
);
comment on table decisions is 'What was decided for callers, kept so that it can be played again. INSERT and SELECT only.';
create index decisions_table on decisions (table_id, decided_at desc);

create table capitation_runs (
  id             uuid primary key,
  billing_month  date not null check (extract(day from billing_month) = 1),
  state          text not null check (state in ('gathering', 'deciding', 'publishing', 'published', 'failed')),
  billing_moment timestamptz not null,
  revision       integer,
  digest         text,
  code_version   text not null,
  positions      jsonb,
  progress       jsonb not null default '{}',
  failure        text,
  manifest       bytea,
  manifest_sha256 text,
  log_index      bigint,
  started_at     timestamptz not null default now(),
  started_by     uuid,
  published_at   timestamptz
);
comment on column capitation_runs.positions is 'The WAL position of every source that the run has seen: its input.';
create unique index capitation_runs_one_per_month on capitation_runs (billing_month) where state <> 'failed';
comment on index capitation_runs_one_per_month is 'Two runs of one period cannot race: the second finds the first.';

create table capitation_inputs (
  run_id            uuid not null references capitation_runs (id) on delete cascade,
  for_month         date not null,
  legal_entity_id   uuid not null,
  mountain_group    boolean not null,
  age               integer not null,
  declaration_count integer not null check (declaration_count > 0),
  primary key (run_id, for_month, legal_entity_id, mountain_group, age)
);
comment on table capitation_inputs is 'The frozen input of a run: declarations counted by what the rules look at. Lines and files are made of it alone.';

create table capitation_legal_entities (
  run_id          uuid not null references capitation_runs (id) on delete cascade,
  legal_entity_id uuid not null,
  edrpou          text not null,
  name            text not null,
  area            text not null,
  primary key (run_id, legal_entity_id)
);

create table capitation_explanations (
  run_id         uuid not null references capitation_runs (id) on delete cascade,
  for_month      date not null,
  mountain_group boolean not null,
  age            integer not null,
  revision       integer not null,
  output         jsonb,
  error_code     text,
  text           text not null,
  primary key (run_id, for_month, mountain_group, age)
);
comment on table capitation_explanations is 'The verdict on every distinct input, with the rules that gave it; a declaration finds its own by its inputs.';

create table capitation_lines (
  run_id                   uuid not null references capitation_runs (id) on delete cascade,
  number                   integer not null,
  kind                     text not null check (kind in ('regular', 'correction')),
  for_month                date not null,
  legal_entity_id          uuid not null,
  mountain_group           boolean not null,
  age_group                text not null,
  declaration_count        integer not null,
  base_rate_minor_per_year bigint not null,
  age_coefficient          numeric not null,
  mountain_coefficient     numeric not null,
  amount_minor             bigint not null,
  primary key (run_id, number),
  constraint capitation_lines_key unique (run_id, for_month, legal_entity_id, mountain_group, age_group),
  constraint capitation_lines_regular check (kind = 'correction' or declaration_count >= 0 and amount_minor >= 0)
);
comment on column capitation_lines.amount_minor is 'Kopiykas for the month, rounded half up once per line.';

create table capitation_errors (
  run_id         uuid not null references capitation_runs (id) on delete cascade,
  declaration_id uuid not null,
  code           text not null,
  legal_entity_id uuid,
  primary key (run_id, declaration_id)
);
comment on table capitation_errors is 'Active declarations that were not counted, each with its reason: none is dropped in silence.';

create table publications (
  index       bigint primary key check (index >= 0),
  entry       bytea not null,
  recorded_at timestamptz not null default now()
);
comment on table publications is 'The log of published manifests (RFC 6962 leaves). INSERT and SELECT only.';

create table published_files (
  run_id  uuid not null references capitation_runs (id),
  name    text not null,
  sha256  text not null,
  bytes   bytea not null,
  primary key (run_id, name)
);

create table replica_lag (
  source      text primary key,
  lag_s       numeric not null,
  lag_bytes   bigint not null,
  slot_state  text not null,
  measured_at timestamptz not null
);
comment on table replica_lag is 'How far the replica is behind each source; written by the keeper of the subscriptions.';

create table signals (
  id              uuid primary key,
  kind            text not null,
  subject_type    text not null check (subject_type in ('employee', 'legal_entity', 'declaration', 'pseudonym')),
  subject_id      uuid not null,
  legal_entity_id uuid,
  score           numeric not null,
  facts           jsonb not null,
  explanation     text not null,
  table_revision  integer not null,
  state           text not null default 'new' check (state in ('new', 'in_work', 'confirmed', 'dismissed')),
  note            text,
  found_at        timestamptz not null default now(),
  decided_by      uuid,
  decided_at      timestamptz,
  constraint signals_subject unique (kind, subject_id)
);
comment on table signals is 'Signs of fraud: a work queue of the payer, each with a score and the rule that gave it.';
create index signals_queue on signals (state, score desc);

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

grant select, insert on decision_tables, decisions, publications, published_files to zdravo_reports;
grant select, insert, update on decision_revisions, experiments, capitation_runs, signals to zdravo_reports;
grant select, insert, update, delete on decision_test_cases to zdravo_reports;
grant select, insert, delete on capitation_inputs, capitation_legal_entities, capitation_explanations, capitation_lines, capitation_errors to zdravo_reports;
grant select on replica_lag to zdravo_reports;
grant insert on audit_log to zdravo_reports;
