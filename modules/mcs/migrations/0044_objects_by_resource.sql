-- All objects of a resource, whatever its type, are put under a person's key together, on the way of every signature.
-- Where objects are many, make the index beforehand: create index concurrently objects_resource_id on mcs.objects (resource_id);
-- squawk-ignore require-concurrent-index-creation
create index if not exists objects_resource_id on mcs.objects (resource_id);
