-- Every signed container waits for its upgrade with time-stamp and revocation data, from the moment it is stored.
set local search_path to mcs;

create table container_upgrades (
  object_id   uuid primary key references objects (id) on delete cascade,
  due_at      timestamptz,
  attempts    integer not null default 0,
  time_stamps bytea[] not null default '{}',
  level       text check (level in ('B-T', 'B-LT')),
  refusal     text check (refusal ~ '^[A-Za-z_]{1,60}$'),
  settled_at  timestamptz,
  constraint container_upgrades_settled check ((due_at is null) = (settled_at is not null)),
  constraint container_upgrades_outcome check (settled_at is null or (level is null) <> (refusal is null))
);
comment on table container_upgrades is 'The signed containers as first received, and how far their upgrade is: a second object of the form signed_content.upgraded.';
comment on column container_upgrades.due_at is 'When it is tried next; while somebody works on it, when somebody else may.';
comment on column container_upgrades.time_stamps is 'RFC 3161 tokens, one for each signature of the outermost envelope, kept while revocation data is still missing.';
comment on column container_upgrades.refusal is 'Why there will be no upgrade: REVOKED_NO_POE and other sub-indications of ETSI EN 319 102-1, or document_erased. People look at these.';
create index container_upgrades_due on container_upgrades (due_at) where due_at is not null;
create index container_upgrades_refused on container_upgrades (settled_at) where refusal is not null;

create function queue_container_upgrade() returns trigger language plpgsql as $$
begin
  -- Authorities publish a revocation some minutes after they heard of it (EN 319 102-1, grace period).
  insert into mcs.container_upgrades (object_id, due_at) values (new.id, new.stored_at + interval '10 minutes');
  return null;
end $$;
create trigger objects_queue_container_upgrade after insert on objects
  for each row when (new.form = 'signed_content') execute function queue_container_upgrade();

insert into container_upgrades (object_id, due_at)
  select id, stored_at + interval '10 minutes' from objects where form = 'signed_content';

grant select, insert, update on container_upgrades to zdravo_mcs;
