import { Nullable, route, Uuid } from '@zdravo/kit/contract';
import { type Static, Type } from 'typebox';

const internal = { access: { kind: 'internal' }, envelope: 'plain', tag: 'review' } as const;
const Id = Type.Object({ id: Uuid });

/** What a reviewer may ask to see of a pair, each by itself. */
export const SheetField = Type.Enum([
  'first_name',
  'last_name',
  'second_name',
  'birth_date',
  'gender',
  'birth_settlement',
  'settlement',
  'tax_id',
  'documents',
  'phones',
]);
export type SheetField = Static<typeof SheetField>;

export const ReviewItem = Type.Object({
  id: Uuid,
  kind: Type.String(),
  /** Of one person, as the model says; null where no model asked. */
  probability: Nullable(Type.Number()),
  /** In bits by field and by the declarations concerned: why people are asked. */
  evidence: Nullable(Type.Record(Type.String(), Type.Unknown())),
  status: Type.Enum(['new', 'decided']),
  is_postponed: Type.Boolean(),
});
export type ReviewItem = Static<typeof ReviewItem>;

const Vote = Type.Enum(['same', 'different']);

export const ReviewedPair = Type.Object({
  ...ReviewItem.properties,
  /** Whether each field is equal, differs, or is absent on a side: enough for most decisions, and no datum. */
  agreement: Type.Record(Type.String(), Type.Enum(['equal', 'different', 'absent'])),
  /** The fields that were asked for, of both. */
  fields: Type.Record(Type.String(), Type.Array(Nullable(Type.String()), { minItems: 2, maxItems: 2 })),
});
export type ReviewedPair = Static<typeof ReviewedPair>;

/** All that reviewers may do. The reviewer is the actor of the call (`x-actor-id`). */
export const contract = {
  putAssignment: route({
    ...internal,
    method: 'PUT',
    path: '/review_assignment',
    summary: 'The pair that this reviewer should look at now; the same one until it is voted on or postponed',
    body: Type.Object({}),
    data: Type.Object({ item: Nullable(ReviewItem) }),
  }),
  listAssigned: route({
    ...internal,
    method: 'GET',
    path: '/review_items',
    summary: 'What this reviewer has open, postponed pairs included',
    data: Type.Array(ReviewItem),
  }),
  getPair: route({
    ...internal,
    method: 'GET',
    path: '/review_items/:id',
    summary: 'An assigned pair: which fields agree, and the values of those asked for, each on record',
    params: Id,
    query: Type.Object({ fields: Type.Optional(Type.String({ maxLength: 200 })) }),
    data: ReviewedPair,
  }),
  putVote: route({
    ...internal,
    method: 'PUT',
    path: '/review_items/:id/vote',
    summary: 'One person or two? Two equal voices decide, a third when they differ',
    params: Id,
    body: Type.Object({ vote: Vote, comment: Type.Optional(Type.String({ maxLength: 1000 })) }),
    data: Type.Object({ id: Uuid, status: Type.Enum(['new', 'decided']), outcome: Nullable(Vote) }),
  }),
  putPostponement: route({
    ...internal,
    method: 'PUT',
    path: '/review_items/:id/postponement',
    summary: 'Put an assigned pair aside; five at most',
    params: Id,
    body: Type.Object({}),
    data: ReviewItem,
  }),
  putSeededPair: route({
    ...internal,
    method: 'PUT',
    path: '/seeded_pairs/:id',
    summary: 'A pair whose truth is known, among the others: by it reviewers and models are measured',
    params: Id,
    body: Type.Object({ persons: Type.Tuple([Uuid, Uuid]), expected: Vote }),
    data: Type.Object({ id: Uuid }),
  }),
  getQuality: route({
    ...internal,
    method: 'GET',
    path: '/linkage_quality',
    summary: 'Reliability of the model’s probabilities, agreement and errors of reviewers, drift from model to model',
    data: Type.Object({
      reliability: Type.Array(
        Type.Object({
          from: Type.Number(),
          to: Type.Number(),
          pairs: Type.Integer(),
          predicted: Type.Number(),
          observed: Type.Number(),
        }),
      ),
      reviewers: Type.Array(
        Type.Object({
          reviewer_id: Uuid,
          votes: Type.Integer(),
          agreed: Type.Integer(),
          seeded: Type.Integer(),
          wrong: Type.Integer(),
        }),
      ),
      models: Type.Array(
        Type.Object({
          id: Uuid,
          state: Type.String(),
          trained_at: Type.String(),
          is_signed_off: Type.Boolean(),
          figures: Type.Unknown(),
          /** Largest change of a probability of agreement (m) since the model before, by field, in bits. */
          drift_bits: Type.Record(Type.String(), Type.Number()),
        }),
      ),
    }),
  }),
};
