-- Objects are looked up by resource alone, many at once: by an index that begins with the type PostgreSQL before 18 reads the whole table.
set local lock_timeout = '5s';
-- squawk-ignore require-concurrent-index-deletion
drop index mcs.objects_resource;
-- squawk-ignore require-concurrent-index-creation
create index objects_resource on mcs.objects (resource_id, resource_type);
