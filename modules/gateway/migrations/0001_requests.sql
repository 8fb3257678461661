-- What the public door remembers: answers for retries, sealed, and who called what, without bodies.
do $$ begin create role zdravo_gateway nologin; exception when duplicate_object or unique_violation then null; end $$;
create schema gateway;
grant usage on schema gateway to zdravo_gateway;

create table gateway.idempotent_answers (
  slot         bytea primary key,
  body_mac     bytea not null,
  locked_until timestamptz not null,
  holder       uuid not null,
  sealed       bytea,
  inserted_at  timestamptz not null default now(),
  constraint idempotent_answers_slot_length check (octet_length(slot) = 32)
);
create index idempotent_answers_inserted on gateway.idempotent_answers (inserted_at);
comment on table gateway.idempotent_answers is
  'Answers for repeated requests, sealed under a key that only a caller with the same token and key can derive.';
comment on column gateway.idempotent_answers.slot is 'SHA-256 of client, user, method, path and idempotency key.';
comment on column gateway.idempotent_answers.body_mac is 'Of the body, under the derived key: tells another body from the same.';
comment on column gateway.idempotent_answers.locked_until is 'While there is no answer: until when its holder may still be at work.';
grant select, insert, update, delete on gateway.idempotent_answers to zdravo_gateway;

create table gateway.request_record (
  at          timestamptz not null,
  request_id  text not null,
  method      text not null,
  path        text not null,
  status      integer not null,
  duration_ms real not null,
  user_id     uuid,
  client_id   uuid,
  broker_id   uuid,
  ip          text not null
) partition by range (at);
comment on table gateway.request_record is 'Who called what: no query, no body, tokens in paths masked. A partition per day.';
create table gateway.request_record_default partition of gateway.request_record default;
create index request_record_user on gateway.request_record (user_id, at);
create index request_record_request on gateway.request_record (request_id);
grant insert on gateway.request_record to zdravo_gateway;

-- The running role may not make or drop tables; this function does it for it, within its bounds.
create function gateway.maintain_request_record(keep_days integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  day date;
  name text;
  dropped integer := 0;
begin
  if keep_days < 1 then raise exception 'keep_days must be at least 1'; end if;
  for day in select generate_series(current_date, current_date + 3, interval '1 day')::date loop
    name := 'request_record_' || to_char(day, 'YYYYMMDD');
    if to_regclass('gateway.' || name) is null
      and not exists (select from gateway.request_record_default where at >= day and at < day + 1) then
      execute format('create table gateway.%I partition of gateway.request_record for values from (%L) to (%L)',
        name, day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC');
    end if;
  end loop;
  for name in
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'gateway.request_record'::regclass and c.relname ~ '^request_record_\d{8}$'
      and to_date(right(c.relname, 8), 'YYYYMMDD') < current_date - keep_days
  loop
    execute format('drop table gateway.%I', name);
    dropped := dropped + 1;
  end loop;
  delete from gateway.request_record_default where at < current_date - keep_days;
  return dropped;
end $$;
revoke all on function gateway.maintain_request_record from public;
grant execute on function gateway.maintain_request_record to zdravo_gateway;
