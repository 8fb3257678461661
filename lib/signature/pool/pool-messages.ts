import type { RevocationData } from '../revocation/revocation-data.ts';
import type { TrustedService } from '../trust/trust-store.ts';
import type { SignaturePolicy } from '../verification/policy.ts';
import type { VerificationResult } from '../verification/result.ts';
import type { AnsweredStatus, StatusFault } from '../verification/settle-statuses.ts';
import type { OpenSignatureStatus } from '../verification/verify.ts';

/** Anchors in a form that crosses to a worker thread. */
export type AnchorMessage = {
  certificate: Uint8Array;
  services: TrustedService[];
  granted_from?: Date;
  granted_until?: Date;
};

export type TrustMessage = { anchors: AnchorMessage[]; intermediates: Uint8Array[] };

/** A container to verify, or the statuses that were asked for after one was verified. */
export type WorkMessage =
  | { kind: 'verify'; container: Uint8Array; policy: SignaturePolicy; at: Date; revocation_data: RevocationData }
  | { kind: 'settle'; answered: AnsweredStatus[]; policy: SignaturePolicy };

export type Verified = { kind: 'verified'; result: VerificationResult; needs: OpenSignatureStatus[] };
export type Settled = { kind: 'settled'; faults: StatusFault[] };

export type ResultMessage = Verified | Settled | { kind: 'failed'; error: string };
