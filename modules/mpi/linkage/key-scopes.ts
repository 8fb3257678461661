/** Whose data keys are whose in the index's key database: each process can ask its KMS for its own purpose only. */
export const sketch_scope = { module: 'mpi', purpose: 'linkage' } as const;
export const sheet_scope = { module: 'mpi', purpose: 'review' } as const;
/** Of the epochs in which the index seals for the other two (`vault/epochs.ts`). */
export const sketch_epoch_scope = { module: 'mpi', purpose: 'linkage_epoch' } as const;
export const sheet_epoch_scope = { module: 'mpi', purpose: 'review_epoch' } as const;
