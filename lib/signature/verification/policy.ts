/** How many; a number is exact. */
export type Count = number | { min: number; max: number };

/** What one type of document requires of its container. Every rule is explicit: nothing is inferred from the container. */
export type SignaturePolicy = {
  /** SignerInfos in each envelope. */
  signer_count: Count;
  /** Nested envelopes, outermost included; 1 when absent. */
  layers?: Count;
  /** The signed bytes when the container must not hold them itself. */
  detached_content?: Uint8Array;
  /**
   * `required`: an unknown revocation status refuses (TRY_LATER). `if_available`: what is known is obeyed, an unknown status
   * passes. In both a known revocation refuses.
   */
  revocation: 'required' | 'if_available';
  /** Seals (stamps) over the whole container; unlimited within `signer_count` when absent. */
  stamps?: Count;
  /** Personal signatures, likewise. */
  persons?: Count;
  /** Lowest level; B-B when absent. */
  level?: 'B-B' | 'B-T' | 'B-LT';
  /** Oldest usable OCSP answer or CRL, in seconds before the best signature time; 24 h when absent. */
  revocation_freshness_s?: number;
};

/** One signature, one envelope: the ordinary document of one person. */
export const one_signature: SignaturePolicy = { signer_count: 1, layers: 1, revocation: 'if_available' };

export function fits(found: number, count: Count): boolean {
  return typeof count === 'number' ? found === count : found >= count.min && found <= count.max;
}

export function mostOf(count: Count): number {
  return typeof count === 'number' ? count : count.max;
}

export function leastOf(count: Count): number {
  return typeof count === 'number' ? count : count.min;
}

export function describeCount(count: Count): string {
  return typeof count === 'number' ? `${count}` : `${count.min}–${count.max}`;
}
