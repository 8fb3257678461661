import { randomUUID } from 'node:crypto';
import type { Handlers } from '@zdravo/kit/contract';
import { forbidden } from '@zdravo/kit/problem';
import type { IlDeps } from '../deps.ts';
import { listSearchCanaries } from './canaries.ts';
import type { contract } from './contract.ts';
import { readFoundPerson, searchByDialogue } from './search.ts';

/** Largest page of persons (domain.md §2.0). */
const most_persons = 15;

export function createHandlers(deps: IlDeps): Handlers<typeof contract> {
  return {
    searchPersons: async ({ query: { page: _page, page_size: _size, ...fields } }, call) => {
      const context = { ...call.context, purpose: 'person_search' };
      const found = await deps.mpi.searchPersons({ body: fields }, context);
      if (found.result === 'too_many')
        throw forbidden(
          'This API method returns only exact match results, please retry with more specific search result',
          'too_many_results',
        );
      const total_entries = found.persons.length;
      const paging = { page_number: 1, page_size: most_persons, total_entries, total_pages: 1 };
      return { data: found.persons, paging };
    },
    searchByDialogue: async ({ body }, call) => ({ data: await searchByDialogue(deps, body, call) }),
    readFoundPerson: async ({ params, query }, call) => ({
      data: await readFoundPerson(deps, params.handle, query.purpose, call),
    }),
    listSearchCanaries: ({ query }) => listSearchCanaries(deps, query),
    liftSearchLock: async ({ params }, call) => ({ data: await deps.mpi.liftSearchLock({ params }, call.context) }),
    resetAuthenticationMethod: async ({ params }, call) => {
      const context = { ...call.context, purpose: 'reset_authentication_method' };
      const reset = await deps.mpi.resetAuthenticationMethod({ params, body: { reset_id: randomUUID() } }, context);
      return { data: { id: reset.id, authentication_methods: [{ type: 'NA' }] } };
    },
  };
}
