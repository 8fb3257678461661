-- Scans for a request that ended without a declaration are nobody's, and are forgotten with their rows.
set local lock_timeout = '5s';
grant delete on mcs.objects to zdravo_mcs;
