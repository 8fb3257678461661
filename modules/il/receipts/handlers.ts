import type { Handlers } from '@zdravo/kit/contract';
import type { Call } from '@zdravo/kit/http';
import type { IlDeps } from '../deps.ts';
import { preferenceApplied } from './answers.ts';
import { getConfirmationSheet } from './confirmation-sheet.ts';
import type { contract } from './contract.ts';
import { getContainerReceipt, getReceipt, getRegistrationReceipt } from './receipts.ts';

export function createHandlers(deps: IlDeps): Handlers<typeof contract> {
  return {
    getDeclarationReceipt: async ({ params, query }, call) => {
      const data = await getReceipt(deps, { id: params.id, version: query.version }, call);
      return coveredOrLater(data, call);
    },
    getContainerReceipt: async ({ params }, call) =>
      coveredOrLater(await getContainerReceipt(deps, params.id, call), call),
    getRegistrationReceipt: async ({ params, query }, call) =>
      coveredOrLater(await getRegistrationReceipt(deps, { id: params.id, version: query.version }, call), call),
    getConfirmationSheet: async ({ params }, call) => ({ data: await getConfirmationSheet(deps, params.id, call) }),
  };
}

/** 202 while no checkpoint covers the leaf. */
function coveredOrLater<Receipt extends { receipt: string | null }>(data: Receipt, call: Call) {
  return data.receipt === null
    ? { data, status: 202, headers: { 'retry-after': '1' } }
    : { data, headers: preferenceApplied(call) };
}
