-- Orders to forget a person (lawful erasure): two officers, then every module drops its keys.
set local search_path to il;

create table person_erasures (
  id              uuid primary key,
  person_id       uuid not null,
  ground          text not null check (ground in ('patient_request', 'court_order', 'supervisory_authority')),
  document_number text not null,
  document_date   date not null,
  status          text not null default 'NEW' check (status in ('NEW', 'APPROVED', 'DONE', 'REJECTED', 'REFUSED')),
  ordered_by      uuid not null,
  ordered_at      timestamptz not null,
  decided_by      uuid,
  decided_at      timestamptz,
  refusal         text,
  done_at         timestamptz,
  constraint person_erasures_four_eyes check (decided_by <> ordered_by),
  constraint person_erasures_decided check ((status = 'NEW') = (decided_by is null) and (decided_by is null) = (decided_at is null)),
  constraint person_erasures_done check ((status = 'DONE') = (done_at is not null)),
  constraint person_erasures_refused check ((status = 'REFUSED') = (refusal is not null))
);
comment on table person_erasures is 'APPROVED is the intent: from there it only goes forward, to DONE, or to REFUSED when a declaration was signed in between.';
create unique index person_erasures_one on person_erasures (person_id) where status in ('NEW', 'APPROVED', 'DONE');
create index person_erasures_open on person_erasures (decided_at) where status = 'APPROVED';
create index person_erasures_newest on person_erasures (ordered_at desc, id);

grant select, insert on person_erasures to zdravo_il;
grant update (status, decided_by, decided_at, refusal, done_at) on person_erasures to zdravo_il;
