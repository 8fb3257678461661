-- Merges of persons stand in the log: who led to whom, and since when no more. Aliases are their fold.
set local search_path to ops;

create table person_links (
  person_id uuid not null,
  version   integer not null check (version > 0),
  op        text not null check (op in ('merge', 'unmerge')),
  parent_id uuid not null,
  body      bytea not null,
  seed      bytea not null check (octet_length(seed) = 32),
  leaf_hash bytea not null check (octet_length(leaf_hash) = 32),
  logged_at timestamptz not null default now(),
  primary key (person_id, version),
  constraint person_links_pair check (person_id <> parent_id)
);
comment on table person_links is 'Every merge of two persons and every end of one, with its leaf. INSERT and SELECT only.';
comment on column person_links.body is 'Canonical JSON (RFC 8785) of the link: ids, operation, actor, time. Hashed exactly as stored.';
grant select, insert on person_links to zdravo_ops;
grant select on person_links, person_aliases to zdravo_ops_auditor;
