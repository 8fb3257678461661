-- objects_resource begins with the resource now, and does what objects_resource_id was made for.
set local lock_timeout = '5s';
-- squawk-ignore require-concurrent-index-deletion
drop index if exists mcs.objects_resource_id;
