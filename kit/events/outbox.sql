-- The shape of a module's outbox. Copy into the module's migration, in the module's schema.
create table outbox (
  position       bigint generated always as identity,
  transaction_id xid8 not null default pg_current_xact_id(),
  id             uuid not null default gen_random_uuid(),
  type           text not null,
  object_type    text not null,
  object_id      uuid not null,
  payload        jsonb not null,
  occurred_at    timestamptz not null default now(),
  primary key (transaction_id, position)
);
create index outbox_occurred on outbox (occurred_at);

-- The shape of a consumer's memory, in the consumer's schema.
create table event_cursors (
  feed       text primary key,
  position   text not null,
  updated_at timestamptz not null default now()
);
create table consumed_events (
  feed        text not null,
  event_id    uuid not null,
  consumed_at timestamptz not null default now(),
  primary key (feed, event_id)
);
