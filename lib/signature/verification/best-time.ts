import { oids } from '../asn1/oids.ts';
import { Asn1Error } from '../asn1/reader.ts';
import { listValues, type SignerInfo } from '../cms/signer-info.ts';
import type { ReadRevocationData } from '../revocation/revocation-data.ts';
import { checkTimeStamp, type TimeStampOutcome } from '../time-stamps/token.ts';
import type { Chain } from '../trust/chain.ts';
import type { TrustStore } from '../trust/trust-store.ts';
import type { Certificate } from '../x509/certificate.ts';
import { checkStatus, type OpenStatus, type RevocationRule } from './check-status.ts';
import { type Fault, fault } from './result.ts';

/** A time-stamp over the signature, whose unit's status is still to be looked at. */
export type Stamp = { time: Date; chain: Chain | undefined };

/**
 * The time-stamps of a signature that were made by somebody who may. One over other bytes refuses the signature (somebody
 * copied it); one that cannot be believed proves nothing and is passed over, as EU DSS does.
 */
export function readStamps(
  signer_info: SignerInfo,
  trust: TrustStore,
  offered: Certificate[],
): { stamps: Stamp[]; fault: Fault | undefined } {
  const outcomes = listValues(signer_info.unsigned, oids.signature_time_stamp)
    .slice(0, 4)
    .map((token) => attemptStamp(token, signer_info.signature, trust, offered));
  const is_copied = outcomes.some((outcome) => outcome.fault && outcome.imprint_differs);
  return {
    stamps: outcomes.flatMap((outcome) => (outcome.time ? [{ time: outcome.time, chain: outcome.chain }] : [])),
    fault: is_copied ? fault('SIG_CONSTRAINTS_FAILURE', 'The time-stamp is over something else') : undefined,
  };
}

export type BestTime = {
  time: Date;
  /** A time-stamp that was believed set it. */
  is_stamped: boolean;
  /** Statuses of units and their authorities that nobody could tell. */
  needs: OpenStatus[];
};

export type StampQuestion = { data: ReadRevocationData; trust: TrustStore; policy: RevocationRule };

/**
 * The earliest time at which the signature is known to have existed: its earliest time-stamp whose unit was not revoked,
 * otherwise its reception. Where a status is required, a unit of unknown status proves nothing.
 */
export function findBestTime(stamps: readonly Stamp[], received: Date, question: StampQuestion): BestTime {
  const checked = stamps.map(({ time, chain }) => ({
    time,
    ...(chain
      ? checkStatus({ ...question, chain, at: time, is_of_time_stamp: true })
      : { fault: undefined, needs: [] }),
  }));
  const times = checked.filter((stamp) => !stamp.fault).map(({ time }) => time.getTime());
  const needs = checked.flatMap((stamp) => stamp.needs);
  // An upgraded container is stamped after it was received: then reception is the older proof, and ours.
  return { time: new Date(Math.min(received.getTime(), ...times)), is_stamped: times.length > 0, needs };
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
