-- A patient who renews with the doctor has two rows until the earlier declaration ends: what comes of the newer request
-- never frees the place that the living declaration takes.
set local search_path to il;

alter table declaration_slots drop constraint declaration_slots_pkey;
alter table declaration_slots add primary key (declaration_request_id);
drop index declaration_slots_request;
create index declaration_slots_party on declaration_slots (party_id, person_hmac);
comment on table declaration_slots is 'One row per request that was approved and per living declaration; a doctor’s patients, over all employments, are the persons in it. Taken under a lock on the party.';
