import { Asn1Error, readAsn1 } from '../asn1/reader.ts';
import { smallIntegerOf, tag } from '../asn1/values.ts';

/** That a certificate was revoked, as a list or an answer tells it. */
export type Revocation = {
  at: Date;
  /** The reason clears the key: what a time-stamp unit stamped before stays good (RFC 3161 §4). */
  is_key_safe: boolean;
};

/** CRLReason (RFC 5280 §5.3.1): unspecified, affiliationChanged, superseded, cessationOfOperation. */
const safe_reasons = new Set([0, 3, 4, 5]);

/** Whether a reason, when one is told, clears the key. Without one the key may be known to others (RFC 3161 §4). */
export function clearsKey(reason: number | undefined): boolean {
  return reason !== undefined && safe_reasons.has(reason);
}

/** The value of a reasonCode extension. Throws Asn1Error. */
export function readReason(value: Uint8Array): number {
  const node = readAsn1(value);
  if (node.id !== tag.enumerated) throw new Asn1Error('A reason that is none');
  return smallIntegerOf(node, tag.enumerated);
}
