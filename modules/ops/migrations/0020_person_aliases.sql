-- A merge that was taken back leaves no alias; that it was stays in the versions.
grant delete on ops.person_aliases to zdravo_ops;
