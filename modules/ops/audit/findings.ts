/** What an audit may find. The texts say what it means; each finding's own words say which record. */
export const FINDINGS = {
  checkpoint_refused: 'The published checkpoint is not signed as the policy demands.',
  log_shrank: 'The published log is smaller than the one that was audited before: its end was cut off.',
  log_rewritten: 'The published log is not an extension of the one that was audited before: its past was rewritten.',
  tiles_differ: 'The published bundles do not lead to the signed root.',
  entry_differs: 'The database’s copy of the log holds another leaf than the published log.',
  entry_missing:
    'The database’s copy of the log lacks a leaf of the published log: it was removed, or an old backup was restored.',
  entry_unpublished: 'The database holds a leaf that should be published and is not.',
  record_altered: 'A stored record is not the one that was logged.',
  record_missing: 'A leaf has no stored record: a record was deleted.',
  record_unlogged: 'A stored record has no leaf: it was inserted past the log, or its leaf was removed.',
  record_misplaced: 'A record is stored under another id, version, operation or status than it was logged with.',
  record_back_dated: 'A stored record claims to be older than its place in the log allows: it was inserted later.',
  record_late: 'A record has been waiting for its place in the log too long.',
  key_lost:
    'A record has no key that opens it, and no erasure was logged: the key was removed, or the record was inserted past us.',
  head_differs: 'The present state of a declaration or a person is not what the logged versions say.',
  history_differs: 'The status history of a declaration is not what its versions say.',
  container_differs: 'A signed container in storage is not the one that was logged.',
  container_missing: 'A signed container is not in storage.',
  container_damaged: 'A signed container in storage is damaged: the store answers and cannot give it.',
  container_unread: 'A signed container could not be read: the store did not give it.',
  container_refused: 'The signature of a stored container does not verify.',
  promise_broken: 'The log promised a leaf that is not in its tree.',
  promise_refused: 'A promise is not signed by the promise key.',
} as const;

export type FindingCode = keyof typeof FINDINGS;

export type Finding = {
  code: FindingCode;
  /** Plain words: which record, what differs, since when at the earliest. */
  message: string;
  record?: { kind: string; id: string; version?: number };
  leaf_index?: number;
};

/** Collects findings; after `most` only the count goes on, for a forged suffix would give millions. */
export type FindingList = {
  add(finding: Omit<Finding, 'message'> & { detail: string }): void;
  found: Finding[];
  count(): number;
};

export function createFindingList(most = 1000): FindingList {
  const found: Finding[] = [];
  let total = 0;
  return {
    found,
    count: () => total,
    add: ({ detail, ...finding }) => {
      total += 1;
      if (found.length < most) found.push({ ...finding, message: `${FINDINGS[finding.code]} ${detail}` });
    },
  };
}
