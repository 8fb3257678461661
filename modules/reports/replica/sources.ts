/** A database whose publications feed the replica. */
export type Source = {
  /** Also part of the slot's name. */
  name: 'mpi' | 'ops' | 'platform';
  /** As the migrator of that database: makes the feed's role and slot. The reports' own role never learns it. */
  url: string;
  publications: readonly string[];
};

/** What each perimeter publishes for reports, and nothing else (the columns stand in the source's own migrations). */
export const publications: Record<Source['name'], readonly string[]> = {
  mpi: ['mpi_person_facts'],
  ops: ['ops_declarations'],
  platform: ['prm_partners', 'il_regions'],
};

/** Replica tables of a source, to be emptied before it is copied again. */
export const replica_tables: Record<Source['name'], readonly string[]> = {
  mpi: ['mpi.person_facts'],
  ops: ['ops.declaration_heads', 'ops.declaration_status_history'],
  platform: [
    'prm.legal_entities',
    'prm.divisions',
    'prm.employees',
    'prm.parties',
    'prm.status_history',
    'prm.contracts',
    'prm.contract_employees',
    'il.regions',
  ],
};

/** A role that may log in at the sources and read the published columns only; each subscription connects as it. */
export const feed_role = 'zdravo_reports_feed';
