-- Partitions of the audit tables of every module in this database: a month each, made ahead, dropped when they are old.
create schema if not exists audit;

create function audit.rotate(audit_table regclass, keep_months integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '3s' as $$
declare
  caller constant name := case current_setting('role') when 'none' then session_user else current_setting('role')::name end;
  of_schema constant name := (select relnamespace::regnamespace::text from pg_class where oid = audit_table);
  of_table constant name := (select relname from pg_class where oid = audit_table);
  this_month constant date := date_trunc('month', now() at time zone 'UTC');
  first date;
  leaf record;
  is_waiting boolean;
  dropped integer := 0;
begin
  -- Who writes a table may rotate it, but not so as to hide what was done lately.
  if not has_table_privilege(caller, audit_table, 'INSERT') then
    raise exception 'role % does not write %', caller, audit_table using errcode = 'insufficient_privilege';
  end if;
  if of_table not in ('audit_log', 'read_audit') or (select relkind from pg_class where oid = audit_table) <> 'p' then
    raise exception '% is not an audit table', audit_table using errcode = 'wrong_object_type';
  end if;
  if keep_months is null or keep_months < 12 then
    raise exception 'audit is kept for at least 12 months' using errcode = 'invalid_parameter_value';
  end if;
  perform pg_advisory_xact_lock(hashtext('audit.rotate'), audit_table::oid::integer);
  for first in select (this_month + make_interval(months => ahead))::date from generate_series(0, 3) ahead loop
    if to_regclass(format('%I.%I', of_schema, of_table || '_' || to_char(first, 'YYYYMM'))) is not null then continue; end if;
    -- A month that has begun without a partition has its rows in the default one, and ends there.
    execute format('select exists (select from %I.%I where recorded_at >= %L and recorded_at < %L)',
      of_schema, of_table || '_default', first::timestamp at time zone 'UTC',
      (first + interval '1 month') at time zone 'UTC') into is_waiting;
    if is_waiting then continue; end if;
    execute format('create table %I.%I partition of %s for values from (%L) to (%L)',
      of_schema, of_table || '_' || to_char(first, 'YYYYMM'), audit_table, first::timestamp at time zone 'UTC',
      (first + interval '1 month') at time zone 'UTC');
  end loop;
  for leaf in
    select child.relname from pg_inherits join pg_class child on child.oid = inhrelid
    where inhparent = audit_table and child.relname ~ ('^' || of_table || '_\d{6}$')
      and to_date(right(child.relname, 6), 'YYYYMM') < this_month - make_interval(months => keep_months)
  loop
    execute format('drop table %I.%I', of_schema, leaf.relname);
    dropped := dropped + 1;
  end loop;
  execute format('delete from %I.%I where recorded_at < %L', of_schema, of_table || '_default',
    (this_month - make_interval(months => keep_months)) at time zone 'UTC');
  return dropped;
end $$;
comment on function audit.rotate is
  'Makes partitions of this month and three ahead, drops those that ended more than keep_months ago; returns how many were dropped.';

revoke all on function audit.rotate from public;
grant usage on schema audit to public;
grant execute on function audit.rotate to public;
