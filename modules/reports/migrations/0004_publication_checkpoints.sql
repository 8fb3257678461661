-- Checkpoints of the log of publications as the witnesses cosigned them: the receipts of a month are made of one, once.
set local lock_timeout = '5s';
create table reports.publication_checkpoints (
  size         bigint primary key check (size > 0),
  note         bytea not null,
  cosigned_at  timestamptz not null default now()
);
comment on table reports.publication_checkpoints is 'Signed checkpoints (c2sp.org/tlog-checkpoint) with the cosignatures that met the quorum. INSERT and SELECT only.';
grant select, insert on reports.publication_checkpoints to zdravo_reports;
