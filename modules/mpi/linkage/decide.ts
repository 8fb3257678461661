import type { Explanation } from '@zdravo/linkage';

export type Verdict = 'merge' | 'review' | 'nothing';

/** mpi.md §10: from here on a machine may merge, from there on people look. */
export const merge_probability = 0.999;
export const review_probability = 0.7;
/** A field that speaks so much against one person, in bits, is for people, whatever the others say. */
const strongly_negative_bits = -4;
const most_household_probability = 0.001;

/** What to do with two persons whom the model compared, before anybody asks whether something stands against it. */
export function verdictOf(
  { probability, household_probability, fields }: Explanation,
  { is_signed_off }: { is_signed_off: boolean },
): Verdict {
  if (probability < review_probability) return 'nothing';
  const contradicted = fields.some(({ bits }) => bits <= strongly_negative_bits);
  const household = household_probability > most_household_probability;
  return probability >= merge_probability && !contradicted && !household && is_signed_off ? 'merge' : 'review';
}

/** Why, in bits by field: kept with the decision, without any value. */
export function evidenceOf(model_id: string, { log2_odds, prior_bits, household_bits, fields }: Explanation) {
  const rounded = (bits: number) => Math.round(bits * 100) / 100;
  return {
    model_id,
    log2_odds: rounded(log2_odds),
    prior_bits: rounded(prior_bits),
    household_bits: rounded(household_bits),
    fields: fields.map(({ field, level, bits }) => ({ field, level, bits: rounded(bits) })),
  };
}
