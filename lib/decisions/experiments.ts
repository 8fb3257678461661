import { createHash } from 'node:crypto';
import { DecisionError } from './errors.ts';

/** Challengers try new revisions on a share of the subjects; everyone else gets the champion. */
export interface Experiment {
  /** Also the salt: a subject's place in one experiment says nothing about its place in another. */
  id: string;
  champion: string;
  challengers: Challenger[];
}

export interface Challenger {
  variant: string;
  /** Whole basis points of 10000. */
  share: number;
}

const ALL = 10_000;

/**
 * The variant that decides for a subject; the same for ever for one experiment id and list of shares. Raising the last
 * challenger's share moves subjects from the champion only. Errors: EXPERIMENT_SHARES.
 */
export function assignVariant(experiment: Experiment, subject: string): string {
  checkShares(experiment);
  const bucket = bucketOf(experiment.id, subject);
  let end = 0;
  for (const { variant, share } of experiment.challengers) {
    end += share;
    if (bucket < end) return variant;
  }
  return experiment.champion;
}

function checkShares({ id, challengers }: Experiment): void {
  const sum = challengers.reduce((total, { share }) => total + share, 0);
  const sound = challengers.every(({ share }) => Number.isInteger(share) && share >= 0) && sum <= ALL;
  if (!sound)
    throw new DecisionError('EXPERIMENT_SHARES', `the shares of ${id} must be whole basis points, ${ALL} at most`);
}

/** 48 bits of SHA-256 modulo 10000: a bias below 10^-10. The length keeps id and subject apart. */
function bucketOf(id: string, subject: string): number {
  const hash = createHash('sha256').update(`${id.length}:${id}${subject}`).digest();
  return hash.readUIntBE(0, 6) % ALL;
}
