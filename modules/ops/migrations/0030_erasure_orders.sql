-- The leaf of an erasure commits to its order; the salt that opens it stays, since an order says nothing of the patient.
set local search_path to ops;

alter table erasures
  add column body      bytea not null,
  add column seed      bytea not null check (octet_length(seed) = 32),
  add column leaf_hash bytea not null check (octet_length(leaf_hash) = 32);
comment on column erasures.body is 'Canonical JSON (RFC 8785) of the order: its ground, its document, the two officers. Hashed exactly as stored.';
revoke update on erasures from zdravo_ops;
grant update (keys_dropped_at) on erasures to zdravo_ops;
