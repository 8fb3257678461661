-- The search dialogue: one-use steps and handles, budgets, canaries, and where decoys are drawn from.
set local search_path to mpi;

create table search_dialogues (
  step_hash  bytea primary key check (octet_length(step_hash) = 32),
  actor_id   uuid not null,
  client_id  uuid not null,
  attribute  text not null,
  asked      text[] not null,
  questions  smallint not null,
  options    text[] not null,
  candidates uuid[] not null,
  expires_at timestamptz not null
);
comment on table search_dialogues is 'An open question. Its token is hashed and answered once; options are keyed hashes; without candidates every option is a decoy.';
create index search_dialogues_expiry on search_dialogues (expires_at);

create table search_handles (
  handle_hash bytea primary key check (octet_length(handle_hash) = 32),
  person_id   uuid not null,
  actor_id    uuid not null,
  client_id   uuid not null,
  is_opened   boolean not null default false,
  expires_at  timestamptz not null
);
comment on table search_handles is 'What a search found, for the one who asked: opened once (who is it, may I read?), then read once.';
create index search_handles_expiry on search_handles (expires_at);

create table search_budgets (
  subject_id   uuid not null,
  subject_type text not null check (subject_type in ('actor', 'client')),
  window_start timestamptz not null,
  queries      integer not null default 0,
  found        integer not null default 0,
  unused       integer not null default 0,
  missed       integer not null default 0,
  unanswered   integer not null default 0,
  wrong        integer not null default 0,
  primary key (subject_id, subject_type, window_start)
);
comment on table search_budgets is 'What an actor and an organisation asked in a day. `unused`: found, and neither read nor registered since; `missed`: none or too many; `unanswered`: questions left open; `wrong`: answers that fit nobody.';

create table search_sweeps (
  actor_id     uuid not null,
  name_mac     bigint not null,
  window_start timestamptz not null,
  query_macs   bigint[] not null,
  primary key (actor_id, name_mac, window_start)
);
comment on table search_sweeps is 'Different questions about one name by one actor in a day, as keyed hashes: who tries birth dates one after the other is seen.';

create table search_locks (
  subject_id   uuid not null,
  subject_type text not null check (subject_type in ('actor', 'client')),
  client_id    uuid not null,
  reason       text not null check (reason in ('wrong_answers', 'sweep', 'misses', 'unused_results', 'locked_actors')),
  locked_at    timestamptz not null,
  locked_until timestamptz not null,
  primary key (subject_id, subject_type)
);
create index search_locks_client on search_locks (client_id, locked_until);
comment on table search_locks is 'Who surfs may not search until then. The canary event of the same moment tells the officers.';

create table answer_distributions (
  made_at timestamptz primary key,
  key_id  text not null,
  sealed  bytea not null
);
comment on table answer_distributions is 'How common each answer is, from a sample, sealed; the newest serves for ninety days, so that decoys stay the same.';

grant select, insert, delete on search_dialogues, answer_distributions to zdravo_mpi;
grant select, insert, update, delete on search_handles, search_budgets, search_sweeps, search_locks to zdravo_mpi;

-- New indexes: persons that are there are indexed again by the job, rows of before stay.
update index_generations set finished_at = null, cursor = null, done = 0, updated_at = now()
  where state <> 'retiring' and exists (select from persons);
