import type { MpiTransaction } from '../deps.ts';
import { askForReview } from '../linking/review-items.ts';
import type { DecidingTokens } from './deciding-tokens.ts';
import type { Situation } from './situation.ts';

/**
 * Whoever else owns an identity key of the data, or bears the same tax number, may be the same person twice. What was
 * found under the locks of the write still holds: those who could change it wait for them.
 */
export async function askAboutDuplicates(
  transaction: MpiTransaction,
  written: readonly { id: string; tokens: DecidingTokens }[],
  { owners, tax_bearers }: Pick<Situation, 'owners' | 'tax_bearers'>,
): Promise<void> {
  const contested: [string, string][] = [];
  const sharing: [string, string][] = [];
  for (const { id, tokens } of written) {
    const identity = new Set(tokens.identity.map(({ token }) => token));
    const claimants = new Set(owners.flatMap(({ token, person_id }) => (identity.has(token) ? [person_id] : [])));
    const bearers = tax_bearers.flatMap(({ token, person_ids }) => (tokens.tax_ids.includes(token) ? person_ids : []));
    for (const other of claimants) contested.push([id, other]);
    for (const other of bearers) if (!claimants.has(other)) sharing.push([id, other]);
  }
  await askForReview(transaction, 'identity_contested', contested);
  await askForReview(transaction, 'identifier_shared', sharing);
}
