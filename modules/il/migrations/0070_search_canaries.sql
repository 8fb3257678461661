-- Who took a decoy for the truth or searched like one who browses: told by the patient index, shown to the payer's officers.
set local search_path to il;

create table search_canaries (
  id         uuid primary key,
  actor_id   uuid not null,
  client_id  uuid not null,
  reason     text not null,
  path       text[] not null,
  purpose    text not null,
  request_id text not null,
  raised_at  timestamptz not null
);
comment on table search_canaries is 'One row per canary event of the patient index; no personal data of patients. `path` names the questions that led there.';
create index search_canaries_newest on search_canaries (raised_at desc, id);
create index search_canaries_actor on search_canaries (actor_id, raised_at desc);
create index search_canaries_client on search_canaries (client_id, raised_at desc);

grant select, insert, delete on search_canaries to zdravo_il;
