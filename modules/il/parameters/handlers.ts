import type { Handlers } from '@zdravo/kit/contract';
import { audit } from '../audit.ts';
import type { IlDeps } from '../deps.ts';
import type { contract } from './contract.ts';
import { putParameters } from './parameters.ts';

export function createHandlers(deps: IlDeps): Handlers<typeof contract> {
  return {
    getGlobalParameters: async () => ({ data: await deps.parameters.all() }),
    putGlobalParameters: async ({ body }, call) => {
      const changes = Object.fromEntries(Object.entries(body).map(([name, value]) => [name, String(value)]));
      await deps.db.transaction().execute(async (transaction) => {
        await putParameters(transaction, changes, call.principal.user_id);
        await audit(transaction, call, { action: 'put_parameters', resource: 'global_parameters', detail: changes });
      });
      deps.parameters.refresh();
      return { data: await deps.parameters.all() };
    },
  };
}
