-- Batches of versions of persons that the patient index brings: one leaf each, which says all that there is to say (decision 81).
set local search_path to ops;

create table person_version_batches (
  id        uuid primary key,
  leaf_hash bytea not null check (octet_length(leaf_hash) = 32),
  logged_at timestamptz not null default now()
);
comment on table person_version_batches is 'Which batches have their leaf of kind person_versions: a batch that is brought again is known by it. INSERT and SELECT only.';
grant select, insert on person_version_batches to zdravo_ops;
grant select on person_version_batches to zdravo_ops_auditor;
