-- The key of a request goes with its data, also when the process dies in between.
set local search_path to il;

create table keys_to_drop (
  request_id uuid primary key,
  wiped_at   timestamptz not null default now()
);
comment on table keys_to_drop is 'Requests whose sealed data were wiped and whose key in the key database is still to be dropped.';
grant select, insert, delete on keys_to_drop to zdravo_il;

create function queue_key_to_drop() returns trigger language plpgsql set search_path from current as $$
begin
  insert into keys_to_drop (request_id) values (old.id) on conflict do nothing;
  return null;
end $$;
create trigger declaration_requests_wiped after update of sealed_data on declaration_requests for each row
  when (old.sealed_data is not null and new.sealed_data is null) execute function queue_key_to_drop();
comment on trigger declaration_requests_wiped on declaration_requests is 'Whoever wipes the data, in whatever process, leaves the key to be dropped.';
