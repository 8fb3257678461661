-- What the public search of doctors and the signals look for.
set local lock_timeout = '5s';
create index parties_last_name on prm.parties (lower(last_name) text_pattern_ops);
create index employees_division on prm.employees (division_id);
create index person_facts_deceased on mpi.person_facts (deceased_on) where deceased_on is not null;
create index person_facts_shared_phone on mpi.person_facts (pseudonym) where phone_fanout >= 10;
create index declaration_heads_pseudonym on ops.declaration_heads (pseudonym) where status = 'active';
