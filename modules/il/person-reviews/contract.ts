import { Nullable, route, Uuid } from '@zdravo/kit/contract';
import { contract as mpiContract } from '@zdravo/mpi/contract';
import { ReviewedPair, ReviewItem, contract as reviewContract } from '@zdravo/mpi/review-contract';
import { Type } from 'typebox';

const tag = 'One person or two';
const reference = { tag, envelope: 'reference' } as const;
const params = Type.Object({ id: Uuid });
const reviewing = { access: { kind: 'scopes', scopes: ['person_review:write'] } } as const;
const watching = { access: { kind: 'scopes', scopes: ['person_review:read'] } } as const;

/**
 * Ours, not of the reference: reviewers decide about pairs that may be one person, and officers watch over the model. Every
 * field that is shown, every voice and every decision stands on record in the patient index.
 */
export const contract = {
  assignPersonReview: route({
    ...reference,
    ...reviewing,
    method: 'POST',
    path: '/api/person_reviews/actions/assign',
    summary:
      'The pair to look at now: the same one until there is a voice on it or it is put aside; null when none waits',
    data: Type.Object({ item: Nullable(ReviewItem) }),
  }),
  listPersonReviews: route({
    ...reference,
    ...reviewing,
    method: 'GET',
    path: '/api/person_reviews',
    summary: 'The pairs that this reviewer has open, those put aside included',
    data: Type.Array(ReviewItem),
  }),
  getPersonReview: route({
    ...reference,
    ...reviewing,
    method: 'GET',
    path: '/api/person_reviews/:id',
    summary: 'An assigned pair: which fields agree, and the values of those that `fields` names, each on record',
    params,
    query: Type.Object({ fields: Type.Optional(Type.String({ maxLength: 200 })) }),
    data: ReviewedPair,
  }),
  voteOnPersonReview: route({
    ...reference,
    ...reviewing,
    method: 'PATCH',
    path: '/api/person_reviews/:id/actions/vote',
    summary: 'One person or two: two equal voices decide, a third when they differ',
    params,
    body: Type.Object(reviewContract.putVote.body.properties, { additionalProperties: false }),
    data: reviewContract.putVote.data,
  }),
  postponePersonReview: route({
    ...reference,
    ...reviewing,
    method: 'PATCH',
    path: '/api/person_reviews/:id/actions/postpone',
    summary: 'Put a pair aside; five at most',
    params,
    data: ReviewItem,
  }),
  getLinkageQuality: route({
    ...reference,
    ...watching,
    method: 'GET',
    path: '/api/linkage_quality',
    summary: 'How often the model was right, by probability; reviewers’ agreement and errors; models and their drift',
    data: reviewContract.getQuality.data,
  }),
  listLinkageRuns: route({
    ...reference,
    ...watching,
    method: 'GET',
    path: '/api/linkage_runs',
    summary: 'Relinks of everybody with everybody, the newest first, with progress',
    data: mpiContract.listLinkageRuns.data,
  }),
  orderLinkageRun: route({
    ...reference,
    method: 'POST',
    path: '/api/linkage_runs',
    summary:
      'Compare everybody with everybody (relink), learn a candidate model (training), or measure the serving one',
    access: { kind: 'scopes', scopes: ['linkage_model:write'] },
    body: Type.Object({ kind: Type.Enum(['relink', 'training', 'measurement']) }, { additionalProperties: false }),
    status: 201,
    data: Type.Object({ kind: Type.String() }),
  }),
  putPersonReviewSeed: route({
    ...reference,
    method: 'PUT',
    path: '/api/person_review_seeds/:id',
    summary: 'A pair whose truth is known, among the others: by such pairs reviewers and models are measured',
    access: { kind: 'scopes', scopes: ['linkage_model:write'] },
    params,
    body: Type.Object(reviewContract.putSeededPair.body.properties, { additionalProperties: false }),
    data: Type.Object({ id: Type.String() }),
  }),
  signOffLinkageModel: route({
    ...reference,
    method: 'PATCH',
    path: '/api/linkage_models/:id/actions/sign_off',
    summary: 'Let a model merge by itself; refused until it has proved itself on pairs whose truth is known',
    access: { kind: 'scopes', scopes: ['linkage_model:approve'] },
    params,
    data: Type.Object({ id: Type.String(), state: Type.String() }),
  }),
  unmergePerson: route({
    ...reference,
    method: 'PATCH',
    path: '/api/persons/:id/actions/unmerge',
    summary: 'Part a person from whom they were merged into, after any later edits; no machine links the two again',
    access: { kind: 'scopes', scopes: ['person:unmerge'] },
    params,
    body: Type.Object(
      { reason: Type.Enum(['mistake', 'patient_request', 'court_order']) },
      { additionalProperties: false },
    ),
    data: Type.Object({ id: Type.String() }),
  }),
};
