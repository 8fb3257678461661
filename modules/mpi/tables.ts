// Generated from the migrated database by `npm run generate`; not to be edited.
import type { Generated, GeneratedAlways } from 'kysely';

export type Tables = {
  'mpi.answer_distributions': {
    made_at: string;
    key_id: string;
    sealed: Buffer;
  };
  'mpi.audit_log': {
    recorded_at: Generated<string>;
    request_id: string;
    actor_id: string | null;
    client_id: string | null;
    action: string;
    resource: string;
    resource_id: string | null;
    detail: unknown | null;
  };
  'mpi.batched_versions': {
    person_id: string;
    version: number;
    batch: number;
    digest: Buffer;
  };
  'mpi.blind_indexes': {
    token: number;
    index_id: number;
    key_id: string;
    person_id: string;
  };
  'mpi.erasures': {
    person_id: string;
    order_id: string;
    ordered_at: Generated<string>;
    keys_dropped_at: string | null;
  };
  'mpi.identity_keys': {
    token: number;
    key_id: string;
    person_id: string;
  };
  'mpi.index_generations': {
    key_id: string;
    state: string;
    key_check: Buffer;
    cursor: string | null;
    done: Generated<number>;
    total: Generated<number>;
    started_at: Generated<string>;
    updated_at: Generated<string>;
    finished_at: string | null;
  };
  'mpi.index_measurements': {
    index_id: number;
    measured_at: Generated<string>;
    entries: number;
    largest: number;
    entropy_bits: number;
  };
  'mpi.link_events': {
    position: GeneratedAlways<number>;
    id: string;
    kind: string;
    parent_id: string;
    merged_id: string;
    actor_id: string | null;
    reason: string;
    evidence: unknown | null;
    recorded_at: Generated<string>;
  };
  'mpi.link_proposals': {
    id: string;
    parent_id: string;
    merged_id: string;
    reason: string;
    probability: number | null;
    evidence: unknown;
    state: Generated<string>;
    refusal: string | null;
    proposed_at: Generated<string>;
    answered_at: string | null;
  };
  'mpi.linkage_blocks': {
    token: number;
    key_id: string;
    person_id: string;
  };
  'mpi.linkage_models': {
    id: string;
    state: string;
    model: unknown;
    figures: unknown;
    trained_at: Generated<string>;
    signed_off_by: string | null;
    signed_off_at: string | null;
  };
  'mpi.linkage_queue': {
    position: GeneratedAlways<number>;
    person_id: string;
    queued_at: Generated<string>;
  };
  'mpi.linkage_sketches': {
    person_id: string;
    key_id: string;
    ciphertext: Buffer;
  };
  'mpi.outbox': {
    position: GeneratedAlways<number>;
    transaction_id: Generated<string>;
    id: Generated<string>;
    type: string;
    object_type: string;
    object_id: string;
    payload: unknown;
    occurred_at: Generated<string>;
  };
  'mpi.person_aliases': {
    id: string;
    person_id: string;
    created_at: Generated<string>;
  };
  'mpi.person_facts': {
    pseudonym: string;
    birth_month: string;
    gender: string;
    deceased_on: string | null;
    phone_fanout: Generated<number>;
  };
  'mpi.person_versions': {
    person_id: string;
    version: number;
    ciphertext: Buffer;
    source_type: string;
    source_id: string;
    recorded_at: Generated<string>;
    schema_version: Generated<number>;
    data_key: Generated<number>;
    content_mac: Buffer | null;
    written_as: string | null;
  };
  'mpi.persons': {
    id: string;
    status: string;
    parent_id: string | null;
    version: number;
    pseudonym: Generated<string | null>;
    created_at: Generated<string>;
    updated_at: Generated<string>;
    is_root: GeneratedAlways<boolean>;
    parent_is_root: GeneratedAlways<boolean | null>;
    merged_at: string | null;
    erased_at: string | null;
  };
  'mpi.read_audit': {
    recorded_at: Generated<string>;
    request_id: string;
    actor_id: string | null;
    client_id: string | null;
    action: string;
    resource: string;
    resource_id: string | null;
    purpose: string | null;
  };
  'mpi.relink_pairs': {
    run_id: string;
    low_id: string;
    high_id: string;
    shard: number;
    log2_odds: number | null;
    evidence: unknown | null;
  };
  'mpi.relink_runs': {
    id: string;
    model_id: string;
    key_id: string;
    state: string;
    done: Generated<number>;
    total: Generated<number>;
    figures: unknown | null;
    started_at: Generated<string>;
    updated_at: Generated<string>;
    finished_at: string | null;
  };
  'mpi.review_assignments': {
    item_id: string;
    reviewer_id: string;
    assigned_at: Generated<string>;
    expires_at: string;
    postponed_at: string | null;
  };
  'mpi.review_items': {
    id: Generated<string>;
    kind: string;
    low_id: string;
    high_id: string;
    status: Generated<string>;
    detail: unknown | null;
    created_at: Generated<string>;
    probability: number | null;
    expected: string | null;
    evidence: unknown | null;
    outcome: string | null;
    decided_at: string | null;
  };
  'mpi.review_sheets': {
    item_id: string;
    ciphertext: Buffer;
    versions: unknown;
    prepared_at: Generated<string>;
  };
  'mpi.review_votes': {
    item_id: string;
    reviewer_id: string;
    vote: string;
    comment: string | null;
    voted_at: Generated<string>;
  };
  'mpi.search_budgets': {
    subject_id: string;
    subject_type: string;
    window_start: string;
    queries: Generated<number>;
    found: Generated<number>;
    unused: Generated<number>;
    missed: Generated<number>;
    unanswered: Generated<number>;
    wrong: Generated<number>;
  };
  'mpi.search_dialogues': {
    step_hash: Buffer;
    actor_id: string;
    client_id: string;
    attribute: string;
    asked: string[];
    questions: number;
    options: string[];
    candidates: string[];
    expires_at: string;
  };
  'mpi.search_handles': {
    handle_hash: Buffer;
    person_id: string;
    actor_id: string;
    client_id: string;
    is_opened: Generated<boolean>;
    expires_at: string;
  };
  'mpi.search_locks': {
    subject_id: string;
    subject_type: string;
    client_id: string;
    reason: string;
    locked_at: string;
    locked_until: string;
  };
  'mpi.search_sweeps': {
    actor_id: string;
    name_mac: number;
    window_start: string;
    query_macs: number[];
  };
  'mpi.sketch_resealings': {
    id: GeneratedAlways<number>;
    person_id: Generated<string>;
    key_id: Generated<string>;
    started_at: Generated<string>;
    resealed: Generated<number>;
    updated_at: Generated<string>;
    finished_at: string | null;
  };
  'mpi.unbatched_versions': {
    person_id: string;
    version: number;
  };
  'mpi.unused_epochs': {
    purpose: string;
    epoch_id: string;
    unused_since: string;
  };
  'mpi.version_batches': {
    position: number;
    id: Generated<string>;
    root: Buffer;
    count: number;
    is_last: boolean;
    taken_at: string;
  };
};
