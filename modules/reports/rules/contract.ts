import { CivilDate, Nullable, PageQuery, route, Uuid } from '@zdravo/kit/contract';
import { Type } from 'typebox';

const scopes = (...names: string[]) => ({ kind: 'scopes', scopes: names }) as const;
const read = scopes('decision_table:read');
const write = scopes('decision_table:write');
const common = { tag: 'Decision tables', envelope: 'reference' } as const;
const closed = { additionalProperties: false } as const;

const Key = Type.String({ pattern: '^[a-z][a-z0-9_]{1,62}$' });
const Dmn = Type.String({ minLength: 1, maxLength: 1_000_000, description: 'DMN 1.5 XML' });
const Table = Type.Object({ id: Uuid, key: Key, title: Type.String(), inserted_at: Type.String() });
const Act = Type.Object({ by: Uuid, at: Type.String() });
const Revision = Type.Object({
  number: Type.Integer(),
  state: Type.String(),
  digest: Type.String(),
  drafted: Act,
  tested: Type.Optional(Type.Object({ ...Act.properties, cases: Type.Integer() })),
  published: Type.Optional(
    Type.Object({ ...Act.properties, effective_from: CivilDate, reason: Type.Optional(Type.String()) }),
  ),
  restores: Type.Optional(Type.Integer()),
});
const TestCase = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 200 }),
    decision: Type.String({ minLength: 1, maxLength: 200 }),
    inputs: Type.Record(Type.String(), Type.Unknown()),
    expected: Type.Union([
      Type.Object({ output: Type.Unknown() }, closed),
      Type.Object({ error: Type.String() }, closed),
    ]),
  },
  closed,
);
const table = Type.Object({ id: Uuid });
const revision = Type.Object({ id: Uuid, number: Type.Integer({ minimum: 1, maximum: 1_000_000 }) });
const Decided = Type.Object({
  id: Uuid,
  table_id: Uuid,
  decision: Type.String(),
  revision: Type.Integer(),
  digest: Type.String(),
  inputs: Type.Unknown(),
  verdict: Type.Unknown(),
  experiment_id: Nullable(Uuid),
  decided_at: Type.String(),
});
const Money = Type.Array(
  Type.Object({
    id: Type.Optional(Uuid),
    name: Type.String(),
    before_minor: Type.Integer(),
    after_minor: Type.Integer(),
    difference_minor: Type.Integer(),
  }),
);

export const rules_contract = {
  listDecisionTables: route({
    ...common,
    method: 'GET',
    path: '/api/decision_tables',
    summary: 'Decision tables',
    access: read,
    query: Type.Object({ ...PageQuery, key: Type.Optional(Key) }),
    paged: true,
    data: Type.Array(Table),
  }),
  createDecisionTable: route({
    ...common,
    method: 'POST',
    path: '/api/decision_tables',
    summary: 'A table with its first draft',
    access: write,
    body: Type.Object({ key: Key, title: Type.String({ minLength: 1, maxLength: 200 }), dmn: Dmn }, closed),
    body_limit_bytes: 2_000_000,
    status: 201,
    data: Table,
  }),
  getDecisionTable: route({
    ...common,
    method: 'GET',
    path: '/api/decision_tables/:id',
    summary: 'A table with its revisions and test cases',
    access: read,
    params: table,
    data: Type.Object({ ...Table.properties, revisions: Type.Array(Revision), test_cases: Type.Array(TestCase) }),
  }),
  draftDecisionRevision: route({
    ...common,
    method: 'POST',
    path: '/api/decision_tables/:id/revisions',
    summary: 'A new draft: of DMN, or with the content of an earlier revision (rollback)',
    access: write,
    params: table,
    body: Type.Union([
      Type.Object({ dmn: Dmn }, closed),
      Type.Object({ restores: Type.Integer({ minimum: 1, maximum: 1_000_000 }) }, closed),
    ]),
    body_limit_bytes: 2_000_000,
    status: 201,
    data: Revision,
  }),
  getDecisionRevision: route({
    ...common,
    method: 'GET',
    path: '/api/decision_tables/:id/revisions/:number',
    summary: 'A revision with its DMN and what validation found, each with its cell',
    access: read,
    params: revision,
    data: Type.Object({ ...Revision.properties, dmn: Type.String(), findings: Type.Array(Type.Unknown()) }),
  }),
  editDecisionRevision: route({
    ...common,
    method: 'PUT',
    path: '/api/decision_tables/:id/revisions/:number',
    summary: 'New content of a draft; its tests no longer count',
    access: write,
    params: revision,
    body: Type.Object({ dmn: Dmn }, closed),
    body_limit_bytes: 2_000_000,
    data: Revision,
  }),
  replaceDecisionTestCases: route({
    ...common,
    method: 'PUT',
    path: '/api/decision_tables/:id/test_cases',
    summary: 'The rows and answers that every revision must pass',
    access: write,
    params: table,
    body: Type.Object({ test_cases: Type.Array(TestCase, { maxItems: 1_000 }) }, closed),
    data: Type.Array(TestCase),
  }),
  testDecisionRevision: route({
    ...common,
    method: 'PATCH',
    path: '/api/decision_tables/:id/revisions/:number/actions/test',
    summary: 'Run the test cases; all passed, the revision may be published',
    access: write,
    params: revision,
    data: Type.Object({
      digest: Type.String(),
      passed: Type.Integer(),
      failed: Type.Integer(),
      results: Type.Array(Type.Unknown()),
      untested_rules: Type.Unknown(),
    }),
  }),
  publishDecisionRevision: route({
    ...common,
    method: 'PATCH',
    path: '/api/decision_tables/:id/revisions/:number/actions/publish',
    summary: 'Put a tested revision into force from a day on; not by its author',
    access: scopes('decision_table:publish'),
    params: revision,
    body: Type.Object(
      { effective_from: CivilDate, reason: Type.Optional(Type.String({ minLength: 1, maxLength: 2_000 })) },
      closed,
    ),
    data: Revision,
  }),
  dryRunDecisionRevision: route({
    ...common,
    method: 'GET',
    path: '/api/decision_tables/:id/revisions/:number/dry_run',
    summary: 'What a revision of the capitation table would have paid for the last published month',
    access: scopes('decision_table:read', 'capitation_report:write'),
    params: revision,
    data: Type.Object({
      billing_month: CivilDate,
      before_minor: Type.Integer(),
      after_minor: Type.Integer(),
      difference_minor: Type.Integer(),
      undecided_declarations: Type.Integer(),
      legal_entities: Money,
      regions: Money,
    }),
  }),
  countDecisionHits: route({
    ...common,
    method: 'GET',
    path: '/api/decision_tables/:id/revisions/:number/hits',
    summary:
      'How often every rule and every cell matched, in all tables behind the decisions for callers, published months and signals',
    access: read,
    params: revision,
    data: Type.Array(Type.Unknown()),
  }),
  decideByTable: route({
    ...common,
    method: 'POST',
    path: '/api/decision_tables/:id/decisions',
    summary: 'Decide one row by the revision in force; the decision is kept',
    access: scopes('decision:decide'),
    params: table,
    body: Type.Object(
      {
        decision: Type.String({ minLength: 1, maxLength: 200 }),
        inputs: Type.Record(Type.String(), Type.Unknown()),
        subject: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
      },
      closed,
    ),
    status: 201,
    data: Type.Object({ ...Decided.properties, explanation: Type.Unknown() }),
  }),
  listDecisions: route({
    ...common,
    method: 'GET',
    path: '/api/decision_tables/:id/decisions',
    summary: 'Decisions made, newest first',
    access: scopes('decision:read'),
    params: table,
    query: Type.Object({ ...PageQuery, revision: Type.Optional(Type.Integer({ minimum: 1 })) }),
    paged: true,
    data: Type.Array(Decided),
  }),
  replayDecision: route({
    ...common,
    method: 'GET',
    path: '/api/decisions/:id/replay',
    summary: 'Play a decision again by the revision that made it, rule by rule',
    access: scopes('decision:read'),
    params: table,
    data: Type.Object({ decision: Decided, same: Type.Boolean(), explanation: Type.Unknown() }),
  }),
  listExperiments: route({
    ...common,
    method: 'GET',
    path: '/api/decision_tables/:id/experiments',
    summary: 'Experiments, newest first, with how many decisions each revision made in them',
    access: read,
    params: table,
    query: Type.Object({ ...PageQuery }),
    paged: true,
    data: Type.Array(
      Type.Object({
        id: Uuid,
        champion: Type.Integer(),
        challengers: Type.Array(Type.Object({ revision: Type.Integer(), share: Type.Integer() })),
        started_at: Type.String(),
        started_by: Uuid,
        ended_at: Nullable(Type.String()),
        decisions: Type.Array(Type.Object({ revision: Type.Integer(), count: Type.Integer() })),
      }),
    ),
  }),
  startExperiment: route({
    ...common,
    method: 'POST',
    path: '/api/decision_tables/:id/experiments',
    summary: 'Let published revisions decide for a share of the subjects, in basis points',
    access: scopes('decision_table:publish'),
    params: table,
    body: Type.Object(
      {
        champion: Type.Integer({ minimum: 1 }),
        challengers: Type.Array(
          Type.Object(
            { revision: Type.Integer({ minimum: 1 }), share: Type.Integer({ minimum: 0, maximum: 10_000 }) },
            closed,
          ),
          { minItems: 1, maxItems: 10 },
        ),
      },
      closed,
    ),
    status: 201,
    data: Type.Object({ id: Uuid, table_id: Uuid, champion: Type.Integer(), challengers: Type.Array(Type.Unknown()) }),
  }),
  endExperiment: route({
    ...common,
    method: 'PATCH',
    path: '/api/decision_tables/:id/experiments/:experiment_id/actions/end',
    summary: 'End an experiment; the revision in force decides for all again',
    access: scopes('decision_table:publish'),
    params: Type.Object({ id: Uuid, experiment_id: Uuid }),
    data: Type.Object({ id: Uuid }),
  }),
};
