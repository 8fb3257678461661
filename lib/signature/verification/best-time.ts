import { oids } from '../asn1/oids.ts';
import { Asn1Error } from '../asn1/reader.ts';
import { listValues, type SignerInfo } from '../cms/signer-info.ts';
import { checkTimeStamp, type TimeStampOutcome } from '../time-stamps/token.ts';
import type { TrustStore } from '../trust/trust-store.ts';
import type { Certificate } from '../x509/certificate.ts';
import { type Fault, fault } from './result.ts';

export type BestTime = {
  time: Date;
  /** A time-stamp that was believed set it. */
  is_stamped: boolean;
  fault: Fault | undefined;
};

/**
 * The earliest time at which the signature is known to have existed: its earliest trusted time-stamp, otherwise its reception.
 * A stamp over other bytes refuses the signature (somebody copied it); one that cannot be believed proves nothing and is passed
 * over, as EU DSS does.
 */
export function findBestTime(
  signer_info: SignerInfo,
  trust: TrustStore,
  offered: Certificate[],
  received: Date,
): BestTime {
  const outcomes = listValues(signer_info.unsigned, oids.signature_time_stamp)
    .slice(0, 4)
    .map((token) => attemptStamp(token, signer_info.signature, trust, offered));
  if (outcomes.some((outcome) => outcome.fault && outcome.imprint_differs)) {
    return {
      time: received,
      is_stamped: false,
      fault: fault('SIG_CONSTRAINTS_FAILURE', 'The time-stamp is over something else'),
    };
  }
  const times = outcomes.flatMap((outcome) => (outcome.time ? [outcome.time] : []));
  if (times.length === 0) return { time: received, is_stamped: false, fault: undefined };
  // An upgraded container is stamped after it was received: then reception is the older proof, and ours.
  const earliest = Math.min(received.getTime(), ...times.map((time) => time.getTime()));
  return { time: new Date(earliest), is_stamped: true, fault: undefined };
}

function attemptStamp(
  token: Uint8Array,
  signature: Uint8Array,
  trust: TrustStore,
  offered: Certificate[],
): TimeStampOutcome {
  try {
    return checkTimeStamp(token, signature, trust, offered);
  } catch (error) {
    if (error instanceof Asn1Error) return { fault: fault('FORMAT_FAILURE', error.message), imprint_differs: false };
    throw error;
  }
}
