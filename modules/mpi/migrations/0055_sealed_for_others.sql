-- What the index seals for the linker and the reviewers opens for them alone. The linker seals the sketches of before anew;
-- sheets are prepared anew within a minute.
set local search_path to mpi;

create table sketch_resealings (
  id          bigint generated always as identity primary key,
  person_id   uuid not null default '00000000-0000-0000-0000-000000000000',
  key_id      text not null default '',
  started_at  timestamptz not null default now(),
  resealed    bigint not null default 0,
  updated_at  timestamptz not null default now(),
  finished_at timestamptz
);
comment on table sketch_resealings is 'Passes over all sketches in search of those that only the person''s key seals; one that found none is the last. person_id, key_id: how far it has come.';
insert into sketch_resealings (resealed) select 0 from linkage_sketches limit 1;
grant select, insert, update on sketch_resealings to zdravo_mpi_linker;

comment on table linkage_sketches is 'What the linker compares, sealed under the person''s key and that of an epoch, which the index can wrap and not open.';
grant update (ciphertext) on linkage_sketches to zdravo_mpi_linker;

delete from review_sheets;
