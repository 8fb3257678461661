-- Waiting leaves without an index: every writer pays for one (a tenth of the plain insert's rate, measured), and the one
-- sequencer takes what it finds. Their order within a batch is by position still.
set local search_path to ops;

alter table pending_leaves drop constraint pending_leaves_pkey;
comment on column pending_leaves.position is 'In the order of writing, not of commits: a late committer gets a later place in the log.';
