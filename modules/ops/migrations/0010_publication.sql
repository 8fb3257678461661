-- The log's publication: which heads were signed, cosigned by a quorum of witnesses and published; leaves of other kinds
-- of records than declarations; leaves whose record a restored backup does not know.
set local search_path to ops;

create table log_checkpoints (
  size         bigint primary key check (size >= 0),
  root         bytea not null check (octet_length(root) = 32),
  note         bytea not null,
  published_at timestamptz not null default now()
);
create index log_checkpoints_root on log_checkpoints (root);
comment on table log_checkpoints is 'Published checkpoints (c2sp.org/tlog-checkpoint) with the cosignatures that met the quorum. INSERT and SELECT only.';

grant select on log_checkpoints to zdravo_ops, zdravo_ops_auditor;
grant select, insert on log_checkpoints to zdravo_ops_sequencer;

alter table pending_leaves rename column declaration_id to record_id;
alter table pending_leaves add column kind text not null default 'declaration';
alter table log_entries rename column declaration_id to record_id;
alter table log_entries add column kind text not null default 'declaration';
alter table log_entries alter column record_id drop not null;
alter table log_entries alter column version drop not null;
alter table log_entries drop constraint log_entries_version;
alter table log_entries add constraint log_entries_record unique (kind, record_id, version);
comment on column log_entries.record_id is 'Null for a leaf that was refilled from the published bundles and whose record the restored database does not hold.';
