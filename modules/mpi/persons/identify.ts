import type { IdentityKey } from '../indexes/composites.ts';

/** An identity key of the given data together with the person who owns it already. */
export type Claim = { strength: IdentityKey['strength']; person_id: string };

export type Identified = {
  /** The one person whom the data are of, when that is beyond doubt. */
  person_id?: string;
  /** Others who own one of the keys: perhaps the same person twice, for people to look at. */
  contested: string[];
};

/**
 * Who the owners of matching identity keys say this is. A tax number outweighs documents, for it is given once in a
 * life. Several persons of equal weight are nobody: never the first of several.
 */
export function identify(claims: readonly Claim[]): Identified {
  const everyone = distinct(claims);
  for (const strength of ['tax_id', 'document'] as const) {
    const owners = distinct(claims.filter((claim) => claim.strength === strength));
    if (owners.length === 1) return { person_id: owners[0]!, contested: everyone.filter((id) => id !== owners[0]) };
    if (owners.length > 1) return { contested: everyone };
  }
  return { contested: [] };
}

function distinct(claims: readonly Claim[]): string[] {
  return [...new Set(claims.map((claim) => claim.person_id))].sort();
}
