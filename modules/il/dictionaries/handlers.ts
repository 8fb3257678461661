import type { Handlers } from '@zdravo/kit/contract';
import { audit } from '../audit.ts';
import type { IlDeps } from '../deps.ts';
import type { contract } from './contract.ts';
import { listDictionaries, putDictionary } from './dictionaries.ts';

export function createHandlers(deps: Pick<IlDeps, 'db'>): Handlers<typeof contract> {
  return {
    listDictionaries: async ({ query }) => ({ data: await listDictionaries(deps.db, query) }),
    putDictionary: ({ params, body }, call) =>
      deps.db.transaction().execute(async (transaction) => {
        const data = await putDictionary(transaction, params.name, body);
        await audit(transaction, call, { action: 'put', resource: 'dictionary', detail: { name: params.name } });
        return { data };
      }),
  };
}
