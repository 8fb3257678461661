-- The key of an epoch is dropped when nothing has been sealed in it for long enough.
set local search_path to mpi;

create table unused_epochs (
  purpose      text not null,
  epoch_id     uuid not null,
  unused_since timestamptz not null,
  primary key (purpose, epoch_id)
);
comment on table unused_epochs is 'Epochs in which no sketch or sheet is sealed any more, and since when that is so; a backup of before may hold some, so the key is kept for a while.';
grant select, insert, delete on unused_epochs to zdravo_mpi;

-- The index may not read a sketch, not even sealed: it learns which epochs are in use and nothing else. A sealed row begins with its epoch's id.
create function epochs_in_use() returns table (purpose text, epoch_id uuid)
language sql stable security definer set search_path = mpi, pg_temp as $$
  select 'linkage_epoch', encode(id, 'hex')::uuid
  from (select distinct substring(ciphertext for 16) as id from linkage_sketches where octet_length(ciphertext) >= 16) sketch
  union all
  select 'review_epoch', encode(id, 'hex')::uuid
  from (select distinct substring(ciphertext for 16) as id from review_sheets where octet_length(ciphertext) >= 16) sheet
$$;
revoke all on function epochs_in_use() from public;
grant execute on function epochs_in_use() to zdravo_mpi;
