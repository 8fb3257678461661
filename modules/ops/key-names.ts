/** Of the keys, one per person, that seal the seeds of leaves. */
export const seed_scope = { module: 'ops', purpose: 'seed' } as const;

/** The key behind the public handles of records; its generation is named, for another one would rename every record. */
export const log_handle_key = { purpose: 'ops log handle', generation: '1' } as const;
