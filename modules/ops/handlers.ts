import type { Handlers } from '@zdravo/kit/contract';
import { readFeed } from '@zdravo/kit/events';
import { notFound } from '@zdravo/kit/problem';
import type { Signer, TileStore } from '@zdravo/tlog';
import { putContainerUpgrade } from './container-upgrades.ts';
import type { contract, Declaration, WrittenDeclaration } from './contract.ts';
import { type DeclarationWriter, type OpsDeps, putDeclaration } from './declarations.ts';
import { findErasureObstacles, putErasure } from './erasures.ts';
import { getHead, type LogHeadLookup } from './log/checkpoints.ts';
import { promiseOf } from './log/promises.ts';
import { getContainerReceipt, getDocumentReceipt, getReceipt } from './log/receipts.ts';
import { putPersonAlias, removePersonAlias } from './person-aliases.ts';
import { findPersonVersionBatches, putPersonVersionBatch } from './person-version-batches.ts';
import { type DeclarationLookup, listDeclarations, type StoredDeclaration } from './read-declarations.ts';
import {
  countDeclarations,
  findByRequest,
  findDocumentStates,
  findStates,
  listStates,
  listTerminationOrders,
} from './reconciliation.ts';
import { putDocumentUpgrade, putSignedDocument } from './signed-documents.ts';
import { putTerminationOrder } from './terminations.ts';
import { approveOverdue } from './timers.ts';
import { changeStatus } from './transitions.ts';

export type AnswerDeps = OpsDeps & {
  promises: { origin: string; signer: Signer };
  tiles: TileStore;
  writer: DeclarationWriter;
  declarations: DeclarationLookup;
  log_heads: LogHeadLookup;
};

export function createHandlers(deps: AnswerDeps): Handlers<typeof contract> {
  const { db } = deps;
  const read = async (stored: StoredDeclaration): Promise<Declaration> =>
    underCheckpoint(stored, await newestSize(deps));
  const written = async (stored: StoredDeclaration): Promise<WrittenDeclaration> => ({
    ...(await read(stored)),
    promise: await promiseOf(stored, deps.promises),
  });
  return {
    putDeclaration: async ({ params, body }, call) =>
      written(await putDeclaration(deps, deps.writer, { id: params.id, input: body, context: call.context })),
    getDeclaration: async ({ params }) => read(foundOr404(await deps.declarations.find(params.id))),
    getReceipt: ({ params, query }) => getReceipt(deps, { ...params, ...query }),
    listDeclarations: async ({ query }) => {
      const { declarations, paging } = await listDeclarations(db, query);
      return { declarations: await Promise.all(declarations.map(read)), paging };
    },
    putApproval: async ({ params, body }, call) =>
      written(await changeStatus(deps, params.id, { ...body, op: 'approve', status: 'active' }, call.context)),
    putRejection: async ({ params, body }, call) =>
      written(await changeStatus(deps, params.id, { ...body, op: 'reject', status: 'rejected' }, call.context)),
    putTermination: async ({ params, body }, call) =>
      written(await changeStatus(deps, params.id, { ...body, op: 'terminate', status: 'terminated' }, call.context)),
    putContainerUpgrade: ({ params, body }, call) => putContainerUpgrade(deps, params.id, body, call.context),
    getContainerReceipt: ({ params, query }) => getContainerReceipt(deps, { ...params, ...query }),
    putSignedDocument: ({ params, body }, call) => putSignedDocument(deps, params.id, body, call.context),
    putDocumentUpgrade: ({ params, body }, call) => putDocumentUpgrade(deps, params.id, body, call.context),
    getDocumentReceipt: ({ params, query }) => getDocumentReceipt(deps, { ...params, ...query }),
    putOverdueApprovals: ({ body }) => approveOverdue(deps, body.before),
    putTerminations: ({ params, body }) => putTerminationOrder(deps, params.id, body),
    putPersonAlias: ({ params, body }, call) => putPersonAlias(deps, params.id, body, call.context),
    putPersonAliasRemoval: ({ params, body }, call) => removePersonAlias(deps, params.id, body, call.context),
    putPersonVersionBatch: ({ params, body }) => putPersonVersionBatch(deps, params.id, body),
    findPersonVersionBatches: ({ body }) => findPersonVersionBatches(db, body.ids),
    getErasureObstacles: ({ params }) => findErasureObstacles(db, params.id),
    putErasure: ({ params, body }, call) => putErasure(deps, params.id, body, call.context),
    countDeclarations: ({ body }) => countDeclarations(db, body.employee_ids),
    findByRequest: ({ body }) => findByRequest(db, body.declaration_request_ids),
    listStates: ({ query }) => listStates(db, query),
    findStates: ({ body }) => findStates(db, body.ids),
    findDocumentStates: ({ body }) => findDocumentStates(db, body.ids),
    listTerminationOrders: ({ query }) => listTerminationOrders(db, query),
    latestHead: () => deps.heads.latest(),
    getHead: ({ params }) => getHead(deps.log_heads, params.hash),
    readEvents: ({ query }) => readFeed(db, 'ops', query),
  };
}

function foundOr404<Found>(found: Found | undefined): Found {
  if (found === undefined) throw notFound();
  return found;
}

async function newestSize({ heads }: OpsDeps): Promise<number> {
  return (await heads.latest()).size;
}

/** A leaf has its place for those who verify once a published checkpoint covers it. */
function underCheckpoint(stored: StoredDeclaration, checkpoint_size: number): Declaration {
  const { leaf_index } = stored;
  return {
    ...stored,
    leaf_index: leaf_index !== null && leaf_index < checkpoint_size ? leaf_index : null,
    checkpoint_size,
  };
}
