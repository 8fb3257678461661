-- The public search of doctors takes each word as the beginning of any of the three names.
set local lock_timeout = '5s';
-- squawk-ignore require-concurrent-index-creation
create index parties_first_name on prm.parties (lower(first_name) text_pattern_ops);
-- squawk-ignore require-concurrent-index-creation
create index parties_second_name on prm.parties (lower(second_name) text_pattern_ops);
