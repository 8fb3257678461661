import { Nullable, route, Uuid } from '@zdravo/kit/contract';
import { Type } from 'typebox';

const internal = { access: { kind: 'internal' }, envelope: 'plain', tag: 'links' } as const;
const Id = Type.Object({ id: Uuid });

export const RunKind = Type.Enum(['relink', 'training', 'measurement']);

/** What the platform answers to proposals, and what it asks people about. */
export const linkContract = {
  putMergeAnswer: route({
    ...internal,
    method: 'PUT',
    path: '/merge_proposals/:id/answer',
    summary: 'Whether something stands against a proposed merge; clear merges the persons, conflict asks people',
    params: Id,
    body: Type.Object({ answer: Type.Enum(['clear', 'conflict']) }),
    data: Type.Object({
      id: Uuid,
      state: Type.Enum(['proposed', 'merged', 'refused']),
      refusal: Nullable(Type.String()),
    }),
  }),
  putUnmerge: route({
    ...internal,
    method: 'PUT',
    path: '/unmerges/:id',
    summary: 'Take a merge back, after any later edits; no machine links the two again. The id is the order’s.',
    params: Id,
    body: Type.Object({ merged_id: Uuid, reason: Type.String({ pattern: '^[a-z_]{1,64}$' }) }),
    data: Type.Object({ id: Uuid }),
  }),
  putModelSignOff: route({
    ...internal,
    method: 'PUT',
    path: '/linkage_models/:id/sign_off',
    summary:
      'Let a model decide: refused until it has proved itself on known pairs, and a candidate has beaten the serving model',
    params: Id,
    body: Type.Object({}),
    data: Type.Object({ id: Uuid, state: Type.String() }),
  }),
  putLinkageOrder: route({
    ...internal,
    method: 'PUT',
    path: '/linkage_orders/:id',
    summary:
      'Have the linker do now what it does by its timer: relink everybody, learn a candidate, measure the serving model',
    params: Id,
    body: Type.Object({ kind: RunKind }),
    data: Type.Object({ kind: Type.String() }),
  }),
  listLinkageRuns: route({
    ...internal,
    method: 'GET',
    path: '/linkage_runs',
    summary: 'The last 50 relinks, the newest first, with their progress in shards',
    data: Type.Array(
      Type.Object({
        id: Uuid,
        state: Type.String(),
        done: Type.Integer(),
        total: Type.Integer(),
        figures: Nullable(Type.Record(Type.String(), Type.Unknown())),
        started_at: Type.String(),
        finished_at: Nullable(Type.String()),
      }),
    ),
  }),
  putReviewQuestion: route({
    ...internal,
    method: 'PUT',
    path: '/review_questions/:id',
    summary: 'Ask people about two persons whose declarations a merge or its end has touched',
    params: Id,
    body: Type.Object({
      kind: Type.Enum(['ended_declaration', 'signed_meanwhile']),
      persons: Type.Tuple([Uuid, Uuid]),
      declaration_ids: Type.Array(Uuid, { maxItems: 100 }),
    }),
    data: Type.Object({ id: Uuid }),
  }),
};
