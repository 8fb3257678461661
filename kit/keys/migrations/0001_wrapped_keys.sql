-- A module's wrapped data keys. In production this database lies outside any cluster whose WAL is archived, and its
-- backups live at most 30 days: a dropped key is then gone for good.
do $$ begin create role zdravo_keys nologin; exception when duplicate_object or unique_violation then null; end $$;

create table wrapped_keys (
  purpose    text not null,
  owner_id   uuid not null,
  key_id     text not null,
  bytes      bytea,
  created_at timestamptz not null default now(),
  dropped_at timestamptz,
  primary key (purpose, owner_id),
  constraint dropped_keys_are_empty check ((bytes is null) = (dropped_at is not null))
);
comment on table wrapped_keys is 'One data key per owner and purpose, wrapped by the key provider; a row without bytes is the tombstone of an erased owner.';
create index wrapped_keys_generation on wrapped_keys (purpose, key_id) where bytes is not null;

grant usage on schema public to zdravo_keys;
grant select, insert, update on wrapped_keys to zdravo_keys;
