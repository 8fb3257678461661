-- Ids of what a run could not count, gathered beside the counts.
-- PostgreSQL's own array_agg is planned with 8 kB a group: with a hundred thousand groups it would sort every declaration
-- on disk rather than count them in memory, in the workers of a parallel query.
set local lock_timeout = '5s';
create aggregate reports.listed(uuid) (
  sfunc = array_append,
  stype = uuid[],
  initcond = '{}',
  combinefunc = array_cat,
  sspace = 32,
  parallel = safe
);
comment on aggregate reports.listed(uuid) is 'All ids as an array; meant for a filter that few rows pass.';
