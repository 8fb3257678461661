-- A signed container's upgrade with time-stamp and revocation data is a second object; its hash has a leaf of its own.
set local search_path to ops;

create table container_upgrades (
  declaration_id uuid primary key references declaration_heads (id),
  person_id      uuid not null,
  body           bytea not null,
  sealed_seed    bytea not null,
  leaf_hash      bytea not null check (octet_length(leaf_hash) = 32),
  recorded_at    timestamptz not null default now()
);
comment on table container_upgrades is 'Upgraded containers of declarations. INSERT and SELECT only. The log holds one leaf of kind container per row.';
comment on column container_upgrades.body is 'Canonical JSON (RFC 8785): hashes of the container as first received and of its upgrade, and its level. Hashed exactly as stored.';
comment on column container_upgrades.person_id is 'Whose key seals the seed.';

grant select, insert on container_upgrades to zdravo_ops;
grant select on container_upgrades to zdravo_ops_auditor;
