import type { Handlers } from '@zdravo/kit/contract';
import { readFeed } from '@zdravo/kit/events';
import { askerOf } from './asker.ts';
import type { contract } from './contract.ts';
import type { MpiDeps } from './deps.ts';
import { listVersionBatches } from './integrity/list-batches.ts';
import { listRuns, orderRun } from './linkage/runs.ts';
import { signOffModel } from './linkage/sign-off.ts';
import { answerProposal } from './linking/answer-proposal.ts';
import { askForReview } from './linking/review-items.ts';
import { unmergePersons } from './linking/unmerge-persons.ts';
import { erasePerson } from './persons/erase-person.ts';
import { getPerson } from './persons/get-person.ts';
import { matchPerson } from './persons/match-person.ts';
import { findPersonStates } from './persons/person-states.ts';
import { createPutPerson } from './persons/put-person.ts';
import { resetAuthenticationMethod } from './persons/reset-authentication.ts';
import { searchPersons } from './persons/search-persons.ts';
import { replyToSearch, startSearch } from './search/dialogue.ts';
import { openHandle, readByHandle } from './search/handles.ts';
import { liftLock } from './search/locks.ts';

export function createHandlers(deps: MpiDeps): Handlers<typeof contract> {
  const putPerson = createPutPerson(deps);
  return {
    putPerson: ({ params, body }, call) => putPerson(params.id, body, askerOf(call.context)),
    getPerson: ({ params }, call) => getPerson(deps, params.id, askerOf(call.context)),
    matchPerson: ({ body }, call) => matchPerson(deps, body.person, askerOf(call.context)),
    searchPersons: ({ body }, call) => searchPersons(deps, body, askerOf(call.context)),
    startSearch: ({ body }, call) => startSearch(deps, body, askerOf(call.context)),
    replyToSearch: ({ body }, call) => replyToSearch(deps, body, askerOf(call.context)),
    openHandle: ({ body }, call) => openHandle(deps, body.handle, askerOf(call.context)),
    readByHandle: ({ body }, call) => readByHandle(deps, body.handle, askerOf(call.context)),
    liftSearchLock: ({ params }, call) => liftLock(deps, params.id, askerOf(call.context)),
    resetAuthenticationMethod: ({ params, body }, call) =>
      resetAuthenticationMethod(deps, params.id, body.reset_id, askerOf(call.context)),
    erasePerson: ({ params, body }, call) => erasePerson(deps, params.id, body.order_id, askerOf(call.context)),
    putMergeAnswer: ({ params, body }, call) => answerProposal(deps, params.id, body, askerOf(call.context)),
    putUnmerge: async ({ params, body }, call) => {
      await unmergePersons(deps, { id: params.id, ...body }, askerOf(call.context));
      return { id: params.id };
    },
    putModelSignOff: ({ params }, call) => signOffModel(deps, params.id, askerOf(call.context)),
    putLinkageOrder: ({ body }, call) => orderRun(deps, body.kind, askerOf(call.context)),
    listLinkageRuns: () => listRuns(deps),
    putReviewQuestion: async ({ params, body }) => {
      await askForReview(deps.db, body.kind, [body.persons], { evidence: { declaration_ids: body.declaration_ids } });
      return { id: params.id };
    },
    findPersonStates: ({ body }) => findPersonStates(deps.db, body.persons),
    listVersionBatches: ({ query }) => listVersionBatches(deps.db, query),
    readEvents: ({ query }) => readFeed(deps.db, 'mpi', query),
  };
}
