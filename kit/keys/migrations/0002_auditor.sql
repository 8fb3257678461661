-- The auditor recomputes commitments, so it reads wrapped keys; it can neither make nor drop one.
do $$ begin create role zdravo_keys_auditor nologin; exception when duplicate_object or unique_violation then null; end $$;
grant usage on schema public to zdravo_keys_auditor;
grant select on wrapped_keys to zdravo_keys_auditor;
