-- What waits for verification is looked for every ten minutes: without an index, among all declarations.
set local search_path to ops;

create index declaration_heads_pending on declaration_heads (inserted_at) where status = 'pending_verification';
