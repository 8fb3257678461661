import type { Handlers } from '@zdravo/kit/contract';
import type { IlDeps } from '../deps.ts';
import { preferenceApplied } from './answers.ts';
import { getConfirmationSheet } from './confirmation-sheet.ts';
import type { contract } from './contract.ts';
import { getReceipt } from './receipts.ts';

export function createHandlers(deps: IlDeps): Handlers<typeof contract> {
  return {
    getDeclarationReceipt: async ({ params, query }, call) => {
      const data = await getReceipt(deps, { id: params.id, version: query.version }, call);
      return data.receipt === null
        ? { data, status: 202, headers: { 'retry-after': '1' } }
        : { data, headers: preferenceApplied(call) };
    },
    getConfirmationSheet: async ({ params }, call) => ({ data: await getConfirmationSheet(deps, params.id, call) }),
  };
}
