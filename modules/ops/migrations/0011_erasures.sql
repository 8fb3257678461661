-- Lawful erasure: the order stays as a leaf of its own; the person's key is dropped, and with it every seed.
set local search_path to ops;

create table erasures (
  person_id       uuid primary key,
  order_id        uuid not null,
  erased_at       timestamptz not null default now(),
  keys_dropped_at timestamptz
);
comment on table erasures is 'Persons whose data key was dropped by a logged order. Whatever the log holds of them is opaque from then on.';
create index erasures_unfinished on erasures (erased_at) where keys_dropped_at is null;
grant select, insert, update on erasures to zdravo_ops;
grant select on erasures to zdravo_ops_auditor;
