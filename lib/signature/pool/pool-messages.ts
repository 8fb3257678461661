import type { RevocationData } from '../revocation/revocation-data.ts';
import type { TrustedService } from '../trust/trust-store.ts';
import type { RevocationNeed } from '../verification/check-status.ts';
import type { SignaturePolicy } from '../verification/policy.ts';
import type { VerificationResult } from '../verification/result.ts';

/** Anchors in a form that crosses to a worker thread. */
export type AnchorMessage = {
  certificate: Uint8Array;
  services: TrustedService[];
  granted_from?: Date;
  granted_until?: Date;
};

export type TrustMessage = { anchors: AnchorMessage[]; intermediates: Uint8Array[] };

export type VerifyMessage = {
  id: number;
  container: Uint8Array;
  policy: SignaturePolicy;
  at: Date;
  revocation_data: RevocationData;
};

export type ResultMessage =
  | { id: number; result: VerificationResult; needs: RevocationNeed[]; error?: undefined }
  | { id: number; error: string };
