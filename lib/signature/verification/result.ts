import type { Signer } from '../x509/signer-identity.ts';

/** ETSI EN 319 102-1 §5.1.3 table 5. Only TOTAL_PASSED is a signature; both others refuse. */
export type Indication = 'TOTAL_PASSED' | 'INDETERMINATE' | 'TOTAL_FAILED';

/** Why, in the words of ETSI EN 319 102-1 §5.1.3 table 6. */
export type SubIndication =
  | 'FORMAT_FAILURE'
  | 'HASH_FAILURE'
  | 'SIG_CRYPTO_FAILURE'
  | 'REVOKED'
  | 'EXPIRED'
  | 'NOT_YET_VALID'
  | 'SIG_CONSTRAINTS_FAILURE'
  | 'CHAIN_CONSTRAINTS_FAILURE'
  | 'CERTIFICATE_CHAIN_GENERAL_FAILURE'
  | 'CRYPTO_CONSTRAINTS_FAILURE'
  | 'NO_SIGNING_CERTIFICATE_FOUND'
  | 'NO_CERTIFICATE_CHAIN_FOUND'
  | 'REVOKED_NO_POE'
  | 'REVOKED_CA_NO_POE'
  | 'OUT_OF_BOUNDS_NO_POE'
  | 'SIGNED_DATA_NOT_FOUND'
  | 'TIMESTAMP_ORDER_FAILURE'
  | 'TRY_LATER'
  | 'GENERIC';

/** What proves the time and the validity: baseline levels of ETSI EN 319 122-1. */
export type Level = 'B-B' | 'B-T' | 'B-LT';

export type SignatureReport = {
  /** 1 is the outermost envelope. */
  layer: number;
  is_valid: boolean;
  /** An electronic seal of an organisation, not a person's signature. */
  is_stamp: boolean;
  indication: Indication;
  sub_indication?: SubIndication;
  /** Empty when valid. Never contains personal data or content. */
  validation_error_message: string;
  signer: Signer;
  level: Level;
  /** The signer's own claim, ISO text in UTC. */
  signing_time: string | null;
  /** When the signature is known to have existed: its time-stamp, otherwise when it was received. ISO text in UTC. */
  best_signature_time: string;
  /** Object identifier of the signature algorithm. */
  algorithm: string;
  certificate_sha256: string | null;
  certificate_serial: string | null;
};

export type VerificationResult = {
  indication: Indication;
  sub_indication?: SubIndication;
  /** Empty when passed. */
  validation_error_message: string;
  /** The innermost content, whenever it could be read: look at `indication` before believing it. */
  content?: Uint8Array;
  /** Hex; of the innermost content. */
  content_sha256: string | null;
  /** Hex; of the container as received. */
  container_sha256: string;
  /** Envelopes that were opened. */
  layers: number;
  signatures: SignatureReport[];
};

const failed = new Set<SubIndication>([
  'FORMAT_FAILURE',
  'HASH_FAILURE',
  'SIG_CRYPTO_FAILURE',
  'REVOKED',
  'EXPIRED',
  'NOT_YET_VALID',
]);

/** Each sub-indication belongs to one indication. */
export function indicationOf(sub_indication: SubIndication | undefined): Indication {
  if (sub_indication === undefined) return 'TOTAL_PASSED';
  return failed.has(sub_indication) ? 'TOTAL_FAILED' : 'INDETERMINATE';
}

/** A reason to refuse, found anywhere on the way. */
export type Fault = { sub_indication: SubIndication; message: string };

export function fault(sub_indication: SubIndication, message: string): Fault {
  return { sub_indication, message };
}

/** A failed signature outweighs an indeterminate one (EN 319 102-1 §5.1.3); no signature at all never passes. */
export function worstFault(signatures: SignatureReport[]): Fault | undefined {
  const refused = signatures.filter((signature) => !signature.is_valid);
  const worst = refused.find((signature) => signature.indication === 'TOTAL_FAILED') ?? refused[0];
  if (worst) return fault(worst.sub_indication ?? 'GENERIC', worst.validation_error_message);
  return signatures.length === 0 ? fault('FORMAT_FAILURE', 'No signature') : undefined;
}
