import { malformed } from '@zdravo/kit/problem';
import type { Asker } from '../deps.ts';

/** Who searches: budgets and canaries need to know it. */
export type Searcher = Asker & { actor_id: string; client_id: string; purpose: string };

/** @throws Problem 400 without actor, organisation or purpose. */
export function searcherOf(asker: Asker): Searcher {
  const { actor_id, client_id, purpose } = asker;
  if (actor_id === null || client_id === null)
    throw malformed('A search needs an actor and a client.', 'actor_required');
  if (purpose === null) throw malformed('Reading a person needs a purpose.', 'purpose_required');
  return { ...asker, actor_id, client_id, purpose };
}
