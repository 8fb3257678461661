-- Declarations: one-time codes, requests with their personal data sealed, doctors' slots.
set local search_path to il;

create table verifications (
  id          uuid primary key,
  purpose     text not null check (purpose in ('phone', 'declaration_request')),
  subject_id  uuid,
  phone_hmac  bytea not null,
  code_hmac   bytea not null,
  status      text not null default 'new' check (status in ('new', 'verified', 'unverified', 'canceled', 'expired')),
  attempts    integer not null default 0,
  expires_at  timestamptz not null,
  inserted_by uuid not null,
  client_id   uuid not null,
  inserted_at timestamptz not null default now(),
  constraint verifications_subject check ((purpose = 'declaration_request') = (subject_id is not null))
);
comment on table verifications is 'One-time codes. Neither code nor telephone is stored: keyed hashes, bound to purpose and request.';
create unique index verifications_one_new on verifications (purpose, phone_hmac, coalesce(subject_id, client_id)) where status = 'new';
create index verifications_phone on verifications (phone_hmac, inserted_at desc);
create index verifications_sender on verifications (inserted_by, inserted_at desc);
create index verifications_subject on verifications (subject_id, inserted_at desc) where subject_id is not null;

create table verified_phones (
  phone_hmac  bytea not null,
  client_id   uuid not null,
  verified_at timestamptz not null default now(),
  primary key (phone_hmac, client_id)
);
comment on table verified_phones is 'Telephones whose bearer gave a legal entity the code, for a limited time.';

create table declaration_requests (
  id                 uuid primary key,
  status             text not null default 'NEW'
                     check (status in ('NEW', 'APPROVED', 'SIGNING', 'SIGNED', 'REJECTED', 'CANCELLED', 'EXPIRED')),
  legal_entity_id    uuid not null,
  division_id        uuid not null,
  employee_id        uuid not null,
  party_id           uuid not null,
  person_hmac        bytea not null,
  phone_hmac         bytea,
  method             text not null check (method in ('OTP', 'OFFLINE', 'NA')),
  masked_number      text,
  document_types     text[] not null default '{}',
  start_date         date not null,
  end_date           date not null,
  seed_size          bigint not null,
  declaration_id     uuid not null,
  declaration_number text not null,
  new_person_id      uuid not null,
  sealed_data        bytea,
  sealed_container   bytea,
  container_sha256   text,
  content_hmac       bytea,
  verification_id    uuid,
  documents          jsonb not null default '[]',
  signed_by          uuid,
  signed_at          timestamptz,
  seed               text,
  inserted_by        uuid not null,
  inserted_at        timestamptz not null default now(),
  updated_by         uuid not null,
  updated_at         timestamptz not null default now(),
  constraint declaration_requests_declaration unique (declaration_id),
  constraint declaration_requests_number unique (declaration_number),
  -- Personal data live as long as the request is open, and no longer.
  constraint declaration_requests_wiped check ((sealed_data is not null) = (status in ('NEW', 'APPROVED', 'SIGNING'))),
  constraint declaration_requests_intent check (status not in ('SIGNING', 'SIGNED') or container_sha256 is not null),
  constraint declaration_requests_container check ((sealed_container is not null) = (status = 'SIGNING'))
);
comment on column declaration_requests.sealed_data is 'What is to be signed, under the request''s own key, which is dropped with it.';
comment on column declaration_requests.sealed_container is 'The signed container between intent and result: recovery needs nobody but itself.';
comment on column declaration_requests.content_hmac is 'Keyed hash of the signed content without its seed: a retry is recognised after the data are wiped.';
comment on column declaration_requests.new_person_id is 'The id under which the patient index is told of the person; it may answer with another.';
create index declaration_requests_legal_entity on declaration_requests (legal_entity_id, inserted_at desc);
create index declaration_requests_person on declaration_requests (person_hmac) where status in ('NEW', 'APPROVED');
create index declaration_requests_open on declaration_requests (inserted_at) where status in ('NEW', 'APPROVED');
create index declaration_requests_signing on declaration_requests (updated_at) where status = 'SIGNING';

create table declaration_slots (
  party_id               uuid not null,
  person_hmac            bytea not null,
  phone_hmac             bytea,
  employee_id            uuid not null,
  declaration_request_id uuid not null,
  declaration_id         uuid not null,
  taken_at               timestamptz not null default now(),
  primary key (party_id, person_hmac)
);
comment on table declaration_slots is 'One row per patient whom a doctor has or is about to have, over all employments; taken under a lock on the party.';
create index declaration_slots_declaration on declaration_slots (declaration_id);
create index declaration_slots_request on declaration_slots (declaration_request_id);
create index declaration_slots_phone on declaration_slots (phone_hmac) where phone_hmac is not null;

create table event_cursors (feed text primary key, position text not null, updated_at timestamptz not null default now());
create table consumed_events (
  feed text not null, event_id uuid not null, consumed_at timestamptz not null default now(), primary key (feed, event_id)
);
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

grant select, insert, update on verifications, verified_phones, declaration_requests, declaration_slots, event_cursors to zdravo_il;
grant delete on verifications, verified_phones, declaration_requests, declaration_slots to zdravo_il;
grant select, insert, delete on consumed_events to zdravo_il;
grant insert on read_audit to zdravo_il;
