-- A sheet that does not open is taken away by the reviewers' process; the index prepares it anew within a minute.
set local search_path to mpi;

grant delete on review_sheets to zdravo_mpi_review;
