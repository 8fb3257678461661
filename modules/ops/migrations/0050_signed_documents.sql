-- Signed containers that no declaration's leaf commits to (registrations of clinics): a leaf for the container as received,
-- another for its upgrade. The upgrade of a declaration's container has its row in container_upgrades.
set local search_path to ops;

create table signed_documents (
  id            uuid not null,
  version       integer not null check (version > 0),
  type          text not null check (type ~ '^[a-z][a-z_]{1,40}$'),
  op            text not null check (op in ('receive', 'upgrade')),
  body          bytea not null,
  sealed_seed   bytea not null,
  leaf_hash     bytea not null check (octet_length(leaf_hash) = 32),
  recorded_at   timestamptz not null,
  primary key (id, version),
  constraint signed_documents_order check ((version = 1) = (op = 'receive') and version <= 2)
);
comment on table signed_documents is 'Signed containers other than declarations'', as received (version 1) and upgraded (2). INSERT and SELECT only. The log holds one leaf of kind document per row.';
comment on column signed_documents.type is 'What it is, as media names it: legal_entity_registration, …';
comment on column signed_documents.body is 'Canonical JSON (RFC 8785): what it is and its SHA-256. Hashed exactly as stored.';
comment on column signed_documents.sealed_seed is 'Under a key of the document''s own.';

grant select, insert on signed_documents to zdravo_ops;
grant select on signed_documents to zdravo_ops_auditor;
