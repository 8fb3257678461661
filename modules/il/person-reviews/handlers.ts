import { randomUUID } from 'node:crypto';
import type { Handlers } from '@zdravo/kit/contract';
import type { IlDeps } from '../deps.ts';
import type { contract } from './contract.ts';

/** Each handler is one call of the patient index, which keeps the record: the reviewer is the user of the token. */
export function createHandlers({ mpi, reviews }: IlDeps): Handlers<typeof contract> {
  return {
    assignPersonReview: async (_input, { context }) => ({ data: await reviews.putAssignment({ body: {} }, context) }),
    listPersonReviews: async (_input, { context }) => ({ data: await reviews.listAssigned({}, context) }),
    getPersonReview: async ({ params, query }, { context }) => ({
      data: await reviews.getPair({ params, query }, { ...context, purpose: 'review' }),
    }),
    voteOnPersonReview: async ({ params, body }, { context }) => ({
      data: await reviews.putVote({ params, body }, context),
    }),
    postponePersonReview: async ({ params }, { context }) => ({
      data: await reviews.putPostponement({ params, body: {} }, context),
    }),
    getLinkageQuality: async (_input, { context }) => ({ data: await reviews.getQuality({}, context) }),
    listLinkageRuns: async (_input, { context }) => ({ data: await mpi.listLinkageRuns({}, context) }),
    orderLinkageRun: async ({ body }, { context }) => ({
      data: await mpi.putLinkageOrder({ params: { id: randomUUID() }, body }, context),
    }),
    putPersonReviewSeed: async ({ params, body }, { context }) => ({
      data: await reviews.putSeededPair({ params, body }, context),
    }),
    signOffLinkageModel: async ({ params }, { context }) => ({
      data: await mpi.putModelSignOff({ params, body: {} }, context),
    }),
    unmergePerson: async ({ params, body }, { context }) => {
      const order = { params: { id: randomUUID() }, body: { merged_id: params.id, reason: body.reason } };
      await mpi.putUnmerge(order, { ...context, purpose: 'unmerge' });
      return { data: { id: params.id } };
    },
  };
}
