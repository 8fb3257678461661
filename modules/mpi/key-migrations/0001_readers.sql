-- In the index's key database the linker and the reviewers' process see the keys that they open, and can drop none.
do $$ begin create role zdravo_mpi_linker_keys nologin; exception when duplicate_object or unique_violation then null; end $$;
do $$ begin create role zdravo_mpi_review_keys nologin; exception when duplicate_object or unique_violation then null; end $$;
grant usage on schema public to zdravo_mpi_linker_keys, zdravo_mpi_review_keys;
grant select, insert on wrapped_keys to zdravo_mpi_linker_keys;
grant select on wrapped_keys to zdravo_mpi_review_keys;
grant update (key_id, bytes) on wrapped_keys to zdravo_mpi_linker_keys, zdravo_mpi_review_keys;

alter table wrapped_keys enable row level security;
create policy whole_index on wrapped_keys to zdravo_keys, zdravo_keys_auditor using (true);
create policy linker_reads on wrapped_keys for select to zdravo_mpi_linker_keys using (purpose in ('linkage', 'linkage_epoch'));
create policy linker_seals on wrapped_keys for insert to zdravo_mpi_linker_keys with check (purpose = 'linkage_epoch' and bytes is not null);
create policy linker_rewraps on wrapped_keys for update to zdravo_mpi_linker_keys
  using (purpose = 'linkage_epoch') with check (purpose = 'linkage_epoch' and bytes is not null);
create policy review_reads on wrapped_keys for select to zdravo_mpi_review_keys using (purpose in ('review', 'review_epoch'));
create policy review_rewraps on wrapped_keys for update to zdravo_mpi_review_keys
  using (purpose = 'review_epoch') with check (purpose = 'review_epoch' and bytes is not null);
