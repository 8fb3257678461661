-- Linkage: sealed sketches that only the linker opens, models with their sign-off, proposals, relinks, and the review queue.
set local search_path to mpi;

create table linkage_sketches (
  person_id  uuid not null,
  key_id     text not null,
  ciphertext bytea not null,
  primary key (person_id, key_id)
);
alter table linkage_sketches alter column ciphertext set storage external, set (toast_tuple_target = 8160);
comment on table linkage_sketches is 'For each person and generation of keys the keyed hashes of what is compared, sealed under a key of its own. The index writes them and cannot read them; only the linker can.';

create table linkage_blocks (
  token     bigint not null,
  key_id    text not null,
  person_id uuid not null,
  primary key (token, key_id, person_id)
);
create index linkage_blocks_person on linkage_blocks (person_id);
comment on table linkage_blocks is 'Keyed hashes of rare composites: persons who share one are compared.';

create table linkage_queue (
  position  bigint generated always as identity primary key,
  person_id uuid not null,
  queued_at timestamptz not null default now()
);
comment on table linkage_queue is 'New and changed persons whom the linker has not compared yet.';

create table linkage_models (
  id             uuid primary key,
  state          text not null check (state in ('candidate', 'serving', 'retired')),
  model          jsonb not null,
  figures        jsonb not null,
  trained_at     timestamptz not null default now(),
  signed_off_by  uuid,
  signed_off_at  timestamptz,
  constraint linkage_models_signed check ((signed_off_by is null) = (signed_off_at is null))
);
create unique index linkage_models_one_serving on linkage_models (state) where state = 'serving';
comment on table linkage_models is 'Versions of the linkage model. figures: on the frozen sets, and of the training. Without sign-off nothing is merged by machine.';

create table link_proposals (
  id          uuid primary key,
  parent_id   uuid not null references persons (id),
  merged_id   uuid not null references persons (id),
  reason      text not null check (reason in ('automatic', 'reviewed')),
  probability double precision,
  evidence    jsonb not null,
  state       text not null default 'proposed' check (state in ('proposed', 'merged', 'refused')),
  refusal     text,
  proposed_at timestamptz not null default now(),
  answered_at timestamptz,
  constraint link_proposals_pair check (parent_id <> merged_id),
  constraint link_proposals_answered check ((state = 'proposed') = (answered_at is null)),
  constraint link_proposals_refusal check ((state = 'refused') = (refusal is not null))
);
create unique index link_proposals_open on link_proposals (least(parent_id, merged_id), greatest(parent_id, merged_id)) where state = 'proposed';
comment on table link_proposals is 'Merges that wait for the platform to say that nothing stands against them.';

alter table review_items
  drop constraint review_items_kind_check,
  add constraint review_items_kind_check check (kind in ('ambiguous_match', 'identifier_shared', 'identity_contested',
    'late_facts', 'possible_duplicate', 'merge_conflict', 'ended_declaration', 'signed_meanwhile')),
  add column probability double precision check (probability between 0 and 1),
  add column expected    text check (expected in ('same', 'different')),
  add column evidence    jsonb,
  add column outcome     text check (outcome in ('same', 'different')),
  add column decided_at  timestamptz,
  add constraint review_items_decided check ((status = 'decided') = (decided_at is not null and outcome is not null));
comment on column review_items.expected is 'The known truth of a seeded pair, by which reviewers are measured; never shown to them.';
comment on column review_items.probability is 'Of one person, as the model said; compared with the outcomes in the reliability diagram.';
create index review_items_open on review_items (created_at) where status = 'new';

create table review_assignments (
  item_id      uuid not null references review_items (id),
  reviewer_id  uuid not null,
  assigned_at  timestamptz not null default now(),
  expires_at   timestamptz not null,
  postponed_at timestamptz,
  primary key (item_id, reviewer_id)
);
create index review_assignments_reviewer on review_assignments (reviewer_id);

create table review_votes (
  item_id     uuid not null references review_items (id),
  reviewer_id uuid not null,
  vote        text not null check (vote in ('same', 'different')),
  comment     text check (length(comment) <= 1000),
  voted_at    timestamptz not null default now(),
  primary key (item_id, reviewer_id)
);
comment on table review_votes is 'One voice for each reviewer and pair (four eyes are never the same two). INSERT and SELECT only.';

create table review_sheets (
  item_id     uuid primary key references review_items (id),
  ciphertext  bytea not null,
  versions    jsonb not null,
  prepared_at timestamptz not null default now()
);
comment on table review_sheets is 'What reviewers may see of a pair, sealed under a key of the pair''s own, which is dropped when it is decided.';

create table relink_runs (
  id          uuid primary key,
  model_id    uuid not null references linkage_models (id),
  key_id      text not null,
  state       text not null check (state in ('pairing', 'scoring', 'deciding', 'done')),
  done        bigint not null default 0,
  total       bigint not null default 0,
  figures     jsonb,
  started_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  finished_at timestamptz
);
create unique index relink_runs_one on relink_runs ((true)) where finished_at is null;
create table relink_pairs (
  run_id    uuid not null references relink_runs (id),
  low_id    uuid not null,
  high_id   uuid not null,
  shard     smallint not null,
  log2_odds real,
  evidence  jsonb,
  primary key (run_id, shard, low_id, high_id)
);
comment on table relink_pairs is 'Candidate pairs of a relink that is under way; a shard with scores is done.';

-- The index writes sketches and cannot read them.
grant select (person_id, key_id), insert, delete on linkage_sketches to zdravo_mpi;
grant update (ciphertext) on linkage_sketches to zdravo_mpi;
grant select (token, person_id, key_id), insert, delete on linkage_blocks to zdravo_mpi;
grant insert on linkage_queue to zdravo_mpi;
grant select, insert, update on linkage_models to zdravo_mpi;
grant select on link_proposals to zdravo_mpi;
grant update (state, refusal, answered_at) on link_proposals to zdravo_mpi;
grant select, insert, update, delete on review_sheets to zdravo_mpi;
grant select on review_votes, relink_runs to zdravo_mpi;

-- The linker compares sketches and proposes.
grant select on linkage_sketches, linkage_blocks, linkage_models, link_proposals, index_generations to zdravo_mpi_linker;
grant select, update, delete on linkage_queue to zdravo_mpi_linker;
grant insert on linkage_models, link_proposals, outbox, audit_log to zdravo_mpi_linker;
grant select, insert, update on relink_runs to zdravo_mpi_linker;
grant select, insert, update, delete on relink_pairs to zdravo_mpi_linker;

-- Reviewers see sheets, give voices, and propose what they agreed on.
grant select on review_sheets, link_proposals, linkage_models to zdravo_mpi_review;
grant select, insert, update on review_assignments to zdravo_mpi_review;
grant select, insert on review_votes to zdravo_mpi_review;
grant insert on link_proposals, outbox to zdravo_mpi_review;
grant update (outcome, decided_at) on review_items to zdravo_mpi_review;
grant select on review_assignments to zdravo_mpi;
grant insert on review_items to zdravo_mpi_review;
