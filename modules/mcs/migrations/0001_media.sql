-- Media: what was uploaded, what was found in it, and where its sealed form lies. No file and no name is in here.
do $$ begin create role zdravo_mcs nologin; exception when duplicate_object or unique_violation then null; end $$;

create schema mcs;
grant usage on schema mcs to zdravo_mcs;
set local search_path to mcs;

create table objects (
  id            uuid primary key,
  resource_type text not null check (resource_type ~ '^[a-z][a-z_]{1,40}$'),
  resource_id   uuid not null,
  form          text not null check (form ~ '^[A-Za-z][A-Za-z0-9_.]{0,120}$'),
  bucket        text not null,
  key           text not null,
  sha256        text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  size          bigint not null check (size >= 0),
  content_type  text not null,
  wrapped_key   bytea not null,
  key_owner_id  uuid not null,
  person_id     uuid,
  stored_at     timestamptz not null default now(),
  constraint objects_place unique (bucket, key)
);
comment on table objects is 'Sealed objects. sha256 and size are of the plaintext; the file itself lies in object storage.';
comment on column objects.resource_type is 'What the object belongs to: declaration_request, declaration, legal_entity, …';
comment on column objects.form is 'signed_content, signed_content.upgraded, or the type of the document.';
comment on column objects.wrapped_key is 'The object''s own key, wrapped under the key of key_owner_id in this module''s key database.';
comment on column objects.key_owner_id is 'resource_id at first; the person from assignPerson on. Dropping that key erases the object.';
create index objects_resource on objects (resource_type, resource_id);
create unique index objects_signed_content on objects (resource_type, resource_id, form)
  where form in ('signed_content', 'signed_content.upgraded');
create index objects_person on objects (person_id) where person_id is not null;

create type upload_status as enum ('issued', 'clean', 'infected', 'invalid', 'expired');

create table uploads (
  id            uuid primary key,
  position      bigint generated always as identity,
  resource_type text not null check (resource_type ~ '^[a-z][a-z_]{1,40}$'),
  resource_id   uuid not null,
  document_type text not null check (document_type ~ '^[A-Za-z][A-Za-z0-9_.]{0,120}$'),
  content_type  text not null,
  sha256        text check (sha256 ~ '^[0-9a-f]{64}$'),
  size          bigint check (size > 0),
  status        upload_status not null default 'issued',
  flaw          text,
  object_id     uuid references objects (id),
  issued_at     timestamptz not null,
  expires_at    timestamptz not null,
  checked_at    timestamptz,
  removed_at    timestamptz,
  constraint uploads_clean check ((status = 'clean') = (object_id is not null)),
  constraint uploads_flaw check ((status in ('infected', 'invalid')) = (flaw is not null))
);
comment on table uploads is 'Upload addresses, one use each: the file of an address lies in quarantine under the id of its row.';
comment on column uploads.sha256 is 'Announced by the client and enforced by the address; null for v2.0 clients, which announce nothing.';
comment on column uploads.removed_at is 'When the file was removed from quarantine, never before the address has expired.';
comment on column uploads.position is 'The order of issue: of several uploads of one document the newest counts.';
create index uploads_resource on uploads (resource_type, resource_id, position desc);
create index uploads_open on uploads (expires_at) where removed_at is null;

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
comment on table read_audit is 'Who was given which document, durable before the document or its address leaves.';

create table event_cursors (feed text primary key, position text not null, updated_at timestamptz not null default now());
create table consumed_events (
  feed text not null, event_id uuid not null, consumed_at timestamptz not null default now(), primary key (feed, event_id)
);

grant select, insert, update on objects, uploads, event_cursors to zdravo_mcs;
grant delete on uploads to zdravo_mcs;
grant select, insert, delete on consumed_events to zdravo_mcs;
grant select, insert on read_audit to zdravo_mcs;
