-- Every version that was there before the trigger waits for a batch. In a transaction of its own, so that no writer waits for it;
-- what the trigger queued meanwhile waits twice, and is batched once.
insert into mpi.unbatched_versions (person_id, version) select person_id, version from mpi.person_versions;
