// Generated from the migrated database by `npm run generate`; not to be edited.
import type { Generated } from 'kysely';

export type Tables = {
  'reports.audit_log': {
    recorded_at: Generated<string>;
    request_id: string;
    actor_id: string | null;
    client_id: string | null;
    action: string;
    resource: string;
    resource_id: string | null;
    detail: unknown | null;
  };
  'reports.capitation_contracts': {
    run_id: string;
    for_month: string;
    legal_entity_id: string;
    contract_id: string;
    contract_number: string;
  };
  'reports.capitation_errors': {
    run_id: string;
    declaration_id: string;
    code: string;
    legal_entity_id: string | null;
  };
  'reports.capitation_explanations': {
    run_id: string;
    for_month: string;
    mountain_group: boolean;
    age: number;
    revision: number;
    output: unknown | null;
    error_code: string | null;
    text: string;
  };
  'reports.capitation_inputs': {
    run_id: string;
    for_month: string;
    legal_entity_id: string;
    mountain_group: boolean;
    age: number;
    declaration_count: number;
  };
  'reports.capitation_legal_entities': {
    run_id: string;
    legal_entity_id: string;
    edrpou: string;
    name: string;
    area: string;
  };
  'reports.capitation_lines': {
    run_id: string;
    number: number;
    kind: string;
    for_month: string;
    legal_entity_id: string;
    mountain_group: boolean;
    age_group: string;
    declaration_count: number;
    base_rate_minor_per_year: number;
    age_coefficient: string;
    mountain_coefficient: string;
    amount_minor: number;
  };
  'reports.capitation_runs': {
    id: string;
    billing_month: string;
    state: string;
    billing_moment: string;
    revision: number | null;
    digest: string | null;
    code_version: string;
    positions: unknown | null;
    progress: Generated<unknown>;
    failure: string | null;
    manifest: Buffer | null;
    manifest_sha256: string | null;
    log_index: number | null;
    started_at: Generated<string>;
    started_by: string | null;
    published_at: string | null;
  };
  'reports.decision_revisions': {
    table_id: string;
    number: number;
    state: string;
    dmn: string;
    digest: string;
    drafted_by: string;
    drafted_at: string;
    tested_by: string | null;
    tested_at: string | null;
    tested_cases: number | null;
    published_by: string | null;
    published_at: string | null;
    effective_from: string | null;
    reason: string | null;
    restores: number | null;
  };
  'reports.decision_tables': {
    id: string;
    key: string;
    title: string;
    inserted_at: Generated<string>;
    inserted_by: string;
  };
  'reports.decision_test_cases': {
    table_id: string;
    name: string;
    decision: string;
    inputs: unknown;
    expected: unknown;
  };
  'reports.decisions': {
    id: string;
    table_id: string;
    revision: number;
    digest: string;
    decision: string;
    inputs: unknown;
    verdict: unknown;
    experiment_id: string | null;
    subject: string | null;
    client_id: string | null;
    decided_at: string;
  };
  'reports.experiments': {
    id: string;
    table_id: string;
    champion: number;
    challengers: unknown;
    started_at: Generated<string>;
    started_by: string;
    ended_at: string | null;
  };
  'reports.open_areas': {
    run_id: string;
    area: string;
    declaration_count: number;
  };
  'reports.open_divisions': {
    run_id: string;
    division_id: string;
    declaration_count: number;
  };
  'reports.open_legal_entities': {
    run_id: string;
    legal_entity_id: string;
  };
  'reports.publication_checkpoints': {
    size: number;
    note: Buffer;
    cosigned_at: Generated<string>;
  };
  'reports.publications': {
    index: number;
    entry: Buffer;
    recorded_at: Generated<string>;
  };
  'reports.published_files': {
    run_id: string;
    name: string;
    sha256: string;
    bytes: Buffer;
  };
  'reports.replica_lag': {
    source: string;
    lag_s: string;
    lag_bytes: number;
    slot_state: string;
    measured_at: string;
  };
  'reports.signals': {
    id: string;
    kind: string;
    subject_type: string;
    subject_id: string;
    legal_entity_id: string | null;
    score: string;
    facts: unknown;
    explanation: string;
    table_revision: number;
    state: Generated<string>;
    note: string | null;
    found_at: Generated<string>;
    decided_by: string | null;
    decided_at: string | null;
  };
};
