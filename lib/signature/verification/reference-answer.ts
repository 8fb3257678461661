import type { Signer } from '../x509/signer-identity.ts';
import type { VerificationResult } from './result.ts';

/** What the reference's `POST /digital_signatures` answers under `data` (domain.md §2.11). */
export type ReferenceAnswer = {
  /** Parsed JSON content; null when there is none or it is not JSON. */
  content: unknown;
  signatures: ReferenceSignature[];
};

export type ReferenceSignature = {
  is_valid: boolean;
  is_stamp: boolean;
  signer: Signer;
  validation_error_message: string;
};

/** One entry for each signature. When the container as a whole is refused, no entry says `is_valid`. */
export function referenceAnswer(result: VerificationResult): ReferenceAnswer {
  const passed = result.indication === 'TOTAL_PASSED';
  return {
    content: parseJson(result.content),
    signatures: result.signatures.map(({ is_valid, is_stamp, signer, validation_error_message }) => ({
      is_valid: passed && is_valid,
      is_stamp,
      signer,
      validation_error_message: validation_error_message || (passed ? '' : result.validation_error_message),
    })),
  };
}

function parseJson(content: Uint8Array | undefined): unknown {
  if (content === undefined) return null;
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content));
  } catch {
    return null;
  }
}
