-- The linker on record: it tells whose sketches it opened, and measures the model that serves on pairs whose truth is known.
set local search_path to mpi;

grant insert on read_audit to zdravo_mpi_linker;
grant update (figures) on linkage_models to zdravo_mpi_linker;
-- Whoever cannot be compared yet goes back to the queue.
grant insert on linkage_queue to zdravo_mpi_linker;
