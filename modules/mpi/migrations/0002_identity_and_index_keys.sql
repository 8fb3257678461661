-- Who is who by identity keys, blind indexes with generations of keys, links, review, and facts that count telephones.
do $$ begin create role zdravo_mpi_linker nologin; exception when duplicate_object or unique_violation then null; end $$;
do $$ begin create role zdravo_mpi_review nologin; exception when duplicate_object or unique_violation then null; end $$;
grant usage on schema mpi to zdravo_mpi_linker, zdravo_mpi_review;
set local search_path to mpi;

alter table persons
  add column merged_at timestamptz,
  add column erased_at timestamptz,
  alter column pseudonym drop not null,
  add constraint persons_not_own_parent check (parent_id <> id);
create table erasures (
  person_id       uuid primary key references persons (id),
  order_id        uuid not null,
  ordered_at      timestamptz not null default now(),
  keys_dropped_at timestamptz
);
comment on table erasures is 'Orders to forget somebody; without keys_dropped_at the data key is still to be dropped.';
create index erasures_unfinished on erasures (ordered_at) where keys_dropped_at is null;
insert into erasures (person_id, order_id, ordered_at)
  select person_id, id, done_at from person_orders where kind = 'erasure';
update persons set pseudonym = null, erased_at = coalesce((select ordered_at from erasures where person_id = id), now())
  where status = 'erased';
alter table persons add constraint persons_erased
  check ((status = 'erased') = (erased_at is not null) and (status = 'erased') = (pseudonym is null));
comment on column persons.pseudonym is 'What other perimeters keep; random, and forgotten when the person is erased.';
drop table person_orders;

alter table person_versions
  add column schema_version smallint not null default 1,
  add column data_key smallint not null default 1,
  add column content_mac bytea,
  add column written_as uuid,
  add constraint person_versions_person foreign key (person_id) references persons (id),
  -- Ciphertext does not compress; rows up to a page stay in line.
  alter column ciphertext set storage external,
  set (toast_tuple_target = 8160);
comment on column person_versions.content_mac is 'Keyed hash of person id and content: tells a repeated write from a new one.';
comment on column person_versions.written_as is 'The id that the caller used, which may be a merged person''s or an alias.';

create table person_aliases (
  id         uuid primary key,
  person_id  uuid not null references persons (id),
  created_at timestamptz not null default now()
);
comment on table person_aliases is 'Ids under which a caller wrote somebody who was there already: a repeated call reaches the same person.';

drop table unique_tokens, search_tokens;
create table index_generations (
  key_id      text primary key,
  state       text not null check (state in ('building', 'serving', 'retiring')),
  key_check   bytea not null,
  cursor      uuid,
  done        bigint not null default 0,
  total       bigint not null default 0,
  started_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  finished_at timestamptz
);
create unique index index_generations_one_serving on index_generations (state) where state = 'serving';
create unique index index_generations_one_building on index_generations (state) where state = 'building';
comment on table index_generations is 'Generations of index keys: writes go to all but the retiring, look-ups to the serving one. cursor, done and total are a re-index''s progress.';
comment on column index_generations.key_check is 'Keyed hash of a constant: a wrong key of the right name is noticed at start.';

create table blind_indexes (
  token     bigint not null,
  index_id  smallint not null,
  key_id    text not null,
  person_id uuid not null,
  primary key (token, index_id, key_id, person_id)
);
create index blind_indexes_person on blind_indexes (person_id);
comment on table blind_indexes is 'Truncated HMACs of composites and naturally unique identifiers, for equality only. No foreign keys: they would slow a bulk load down by far, and every look-up joins persons.';

create table identity_keys (
  token     bigint not null,
  key_id    text not null,
  person_id uuid not null,
  constraint identity_keys_one_owner primary key (token, key_id)
);
create index identity_keys_person on identity_keys (person_id);
comment on table identity_keys is 'Keyed hashes of an identifier together with names and birth date: the constraint that makes one human one person.';

alter table person_facts
  add column phone_fanout integer not null default 0,
  add constraint person_facts_fanout check (phone_fanout between 0 and 100);
alter table person_facts replica identity default;
comment on column person_facts.phone_fanout is 'Active persons, oneself included, who share one of this person''s telephones; 100 means 100 or more.';
alter publication mpi_person_facts set table person_facts (pseudonym, birth_month, gender, deceased_on, phone_fanout);

create table link_events (
  position    bigint generated always as identity primary key,
  id          uuid not null,
  kind        text not null check (kind in ('merge', 'unmerge', 'never_link')),
  parent_id   uuid not null,
  merged_id   uuid not null,
  actor_id    uuid,
  reason      text not null,
  evidence    jsonb,
  recorded_at timestamptz not null default now(),
  constraint link_events_id unique (id),
  constraint link_events_pair check (parent_id <> merged_id)
);
create index link_events_merged on link_events (merged_id);
create index link_events_parent on link_events (parent_id);
comment on table link_events is 'Every merge and unmerge. INSERT and SELECT only; parent pointers are a fold of it.';

create table review_items (
  id         uuid primary key default gen_random_uuid(),
  kind       text not null check (kind in ('ambiguous_match', 'identifier_shared', 'identity_contested', 'late_facts')),
  low_id     uuid not null,
  high_id    uuid not null,
  status     text not null default 'new' check (status in ('new', 'decided')),
  detail     jsonb,
  created_at timestamptz not null default now(),
  constraint review_items_pair unique (kind, low_id, high_id),
  constraint review_items_order check (low_id < high_id)
);
comment on table review_items is 'Pairs of persons that people should look at. Ids only.';

create table index_measurements (
  index_id     smallint not null,
  measured_at  timestamptz not null default now(),
  entries      bigint not null,
  largest      bigint not null,
  entropy_bits double precision not null,
  primary key (index_id, measured_at)
);
comment on table index_measurements is 'Min-entropy of every blind index on the living data: how well its commonest value hides.';

revoke update on persons from zdravo_mpi;
grant update (status, parent_id, pseudonym, version, updated_at, merged_at, erased_at) on persons to zdravo_mpi;
grant select, insert on person_aliases, link_events, review_items, index_measurements to zdravo_mpi;
grant select, insert, delete on blind_indexes, identity_keys to zdravo_mpi;
grant select, insert, update, delete on index_generations to zdravo_mpi;
grant select, insert on erasures to zdravo_mpi;
grant update (keys_dropped_at) on erasures to zdravo_mpi;
grant delete on outbox to zdravo_mpi;
revoke select on audit_log, read_audit from zdravo_mpi;

-- The linker sees who is alive and what was linked, never a ciphertext or an index.
grant select on persons, link_events to zdravo_mpi_linker;
grant select, insert on review_items to zdravo_mpi_linker;

-- Reviewers see what they are to decide.
grant select on review_items, link_events to zdravo_mpi_review;
grant update (status, detail) on review_items to zdravo_mpi_review;
grant insert on audit_log, read_audit to zdravo_mpi_review;
