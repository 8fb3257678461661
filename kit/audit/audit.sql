-- The shape of a module's audit tables. Copy into the module's migration, in the module's schema.
-- Written in the transaction of what they witness (audit_log), or durable before the answer leaves (read_audit).
create table audit_log (
  recorded_at timestamptz not null default now(),
  request_id  text not null,
  actor_id    uuid,
  client_id   uuid,
  action      text not null,
  resource    text not null,
  resource_id uuid,
  detail      jsonb
) partition by range (recorded_at);
create table audit_log_default partition of audit_log default;
create table read_audit (
  recorded_at timestamptz not null default now(),
  request_id  text not null,
  actor_id    uuid,
  client_id   uuid,
  action      text not null,
  resource    text not null,
  resource_id uuid,
  purpose     text
) partition by range (recorded_at);
create table read_audit_default partition of read_audit default;
