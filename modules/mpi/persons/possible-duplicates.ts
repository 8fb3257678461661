import type { MpiTransaction } from '../deps.ts';
import { askForReview } from '../linking/review-items.ts';
import type { Situation } from './situation.ts';

/**
 * Whoever else owns an identity key of the data, or bears the same tax number, may be the same person twice. What was
 * found under the locks of the write still holds: those who could change it wait for them.
 */
export async function askAboutDuplicates(
  transaction: MpiTransaction,
  id: string,
  { owners, tax_bearers }: Pick<Situation, 'owners' | 'tax_bearers'>,
): Promise<void> {
  const contested = new Set(owners.map(({ person_id }) => person_id));
  const sharing = tax_bearers.filter((other) => !contested.has(other));
  await askForReview(transaction, 'identity_contested', pairs(id, [...contested]));
  await askForReview(transaction, 'identifier_shared', pairs(id, sharing));
}

/** A pair of oneself is left out by `askForReview`. */
function pairs(id: string, others: string[]): [string, string][] {
  return others.map((other) => [id, other]);
}
