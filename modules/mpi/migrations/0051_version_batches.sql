-- Versions of persons go to the tamper-evident log by the batch (decision 81).
do $$ begin create role zdravo_mpi_auditor nologin; exception when duplicate_object or unique_violation then null; end $$;
grant usage on schema mpi to zdravo_mpi_auditor;
set local search_path to mpi;

create table version_batches (
  position bigint primary key check (position > 0),
  id       uuid not null default gen_random_uuid(),
  root     bytea not null check (octet_length(root) = 32),
  count    integer not null check (count > 0),
  is_last  boolean not null,
  taken_at timestamptz not null,
  constraint version_batches_id unique (id)
);
comment on table version_batches is 'What Operations'' log has one leaf each for, numbered without a gap. INSERT and SELECT only.';
comment on column version_batches.root is 'RFC 6962 root over the digests of batched_versions, sorted by their bytes.';
comment on column version_batches.is_last is 'Nothing waited after it: what is older and in a later batch was inserted afterwards.';

create table batched_versions (
  person_id uuid not null,
  version   integer not null,
  batch     bigint not null references version_batches (position) deferrable initially deferred,
  digest    bytea not null check (octet_length(digest) = 32),
  primary key (person_id, version)
);
create index batched_versions_batch on batched_versions (batch);
comment on table batched_versions is 'In which batch each version is, and the SHA-256 of its whole row (integrity/version-digest.ts). INSERT and SELECT only.';

create table unbatched_versions (person_id uuid not null, version integer not null);
alter table unbatched_versions set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
comment on table unbatched_versions is 'Versions that wait for the next batch. No index: every writer would pay for it, and the one job takes what it finds.';

create function queue_versions() returns trigger language plpgsql as $$
begin
  insert into mpi.unbatched_versions (person_id, version) select person_id, version from written;
  return null;
end $$;
create trigger person_versions_queue after insert on person_versions
  referencing new table as written for each statement execute function queue_versions();

grant select, insert on version_batches, batched_versions to zdravo_mpi;
grant select, insert, delete on unbatched_versions to zdravo_mpi;
grant select on persons, person_versions, version_batches, batched_versions, unbatched_versions to zdravo_mpi_auditor;
