import type { Call, CallContext } from '@zdravo/kit/http';
import { forbidden } from '@zdravo/kit/problem';
import type { PersonRead } from '@zdravo/mpi/contract';
import type { SearchAnswer, SearchQuery, SearchReply } from '@zdravo/mpi/search-contract';
import { restrictedTo } from '../client-context.ts';
import type { IlDeps } from '../deps.ts';

type SearchStep = { purpose: string } & ({ search: SearchQuery } | SearchReply);

/** One step of the dialogue, on behalf of whoever calls; the patient index keeps budgets and canaries by them. */
export function searchByDialogue({ mpi }: IlDeps, step: SearchStep, call: Call): Promise<SearchAnswer> {
  const context = withPurpose(call, 'person_search', step.purpose);
  if ('search' in step) return mpi.startSearch({ body: step.search }, context);
  const { dialogue, answer } = step;
  return mpi.replyToSearch({ body: { dialogue, answer } }, context);
}

type FullPerson = { id: string } & Omit<PersonRead['person'], 'secret'>;

/**
 * All that is known of a person who was found. Whether the caller may know it is decided before anything is decrypted.
 * @throws Problem 404 for a handle that was used, is too old or somebody else's; 403 without a declaration or the scope.
 */
export async function readFoundPerson(deps: IlDeps, handle: string, purpose: string, call: Call): Promise<FullPerson> {
  const context = withPurpose(call, 'person_read', purpose);
  const { person_id } = await deps.mpi.openHandle({ body: { handle } }, context);
  if (!(await mayRead(deps, person_id, call)))
    throw forbidden('Only a clinic where the patient has an active declaration may read them.', 'declaration_required');
  const found = await deps.mpi.readByHandle({ body: { handle } }, context);
  const { secret: _secret, ...person } = found.person;
  return { id: found.id, ...person };
}

async function mayRead({ ops }: IlDeps, person_id: string, { principal, context }: Call): Promise<boolean> {
  if (principal.scopes.has('person:details')) return true;
  const legal_entity_id = restrictedTo(principal);
  if (legal_entity_id === undefined) return false;
  const query = { person_id, legal_entity_id, status: 'active', page_size: 1 } as const;
  const { declarations } = await ops.listDeclarations({ query }, { ...context, purpose: 'person_read' });
  return declarations.length > 0;
}

function withPurpose({ context }: Call, work: string, purpose: string): CallContext {
  return { ...context, purpose: `${work}:${purpose.toLowerCase()}` };
}
