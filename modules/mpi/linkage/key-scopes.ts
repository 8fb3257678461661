/** Whose data keys are whose in the index's key database: each process can ask its KMS for its own purpose only. */
export const sketch_scope = { module: 'mpi', purpose: 'linkage' } as const;
export const sheet_scope = { module: 'mpi', purpose: 'review' } as const;
