-- Scans for a request that ended without a declaration are nobody's, and are forgotten with their rows.
set local lock_timeout = '5s';
grant delete on mcs.objects to zdravo_mcs;

create function mcs.refuse_deletion() returns trigger language plpgsql as $$
begin
  raise exception 'permission denied: what is somebody''s, or was signed, stays' using errcode = 'insufficient_privilege';
end $$;
create trigger objects_stay before delete on mcs.objects for each row
  when (current_user = 'zdravo_mcs' and (old.person_id is not null or old.form in ('signed_content', 'signed_content.upgraded')))
  execute function mcs.refuse_deletion();
