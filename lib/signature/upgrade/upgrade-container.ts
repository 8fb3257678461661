import { oids } from '../asn1/oids.ts';
import type { RevocationData } from '../revocation/revocation-data.ts';
import type { TrustStore } from '../trust/trust-store.ts';
import type { RevocationNeed } from '../verification/check-status.ts';
import type { SignaturePolicy } from '../verification/policy.ts';
import type { VerificationResult } from '../verification/result.ts';
import { verifyAndList } from '../verification/verify.ts';
import { addProofs, listSignatures } from './upgrade.ts';

/** Where proofs come from; each may be slow and may fail, so the upgrade is a job and never part of signing. */
export type ProofSources = {
  timeStamp: (signature: Uint8Array, digest_algorithm: string) => Promise<Uint8Array>;
  revocation: (need: RevocationNeed) => Promise<RevocationData | undefined>;
};

export type UpgradeOptions = {
  /** When the container was first received. */
  at: Date;
  /** Digest of the imprint; SHA-256 when absent. National authorities want GOST 34.311 or Kupyna for DSTU signatures. */
  digest_algorithm?: string;
};

export type Upgrade = {
  /** The upgraded container: a second object beside the first, never instead of it. */
  container: Uint8Array;
  result: VerificationResult;
};

/**
 * Upgrades a container that was accepted at reception: time-stamps over the signatures of the outermost envelope (B-T), then the
 * chain's certificates and revocation data (B-LT). The result says which level was reached; REVOKED_NO_POE here means that the
 * authorities had revoked a certificate before reception, and must be looked at by a person. Throws when there is no time-stamp.
 */
export async function upgradeContainer(
  container: Uint8Array,
  policy: SignaturePolicy,
  trust: TrustStore,
  sources: ProofSources,
  options: UpgradeOptions,
): Promise<Upgrade> {
  const digest_algorithm = options.digest_algorithm ?? oids.sha256;
  const tokens = await Promise.all(
    listSignatures(container).map((signature) => sources.timeStamp(signature, digest_algorithm)),
  );
  const { needs } = verifyAndList(container, policy, trust, { at: options.at });
  const answers = await Promise.all(needs.map((need) => sources.revocation(need)));
  const revocation = {
    crls: answers.flatMap((answer) => answer?.crls ?? []),
    ocsp_responses: answers.flatMap((answer) => answer?.ocsp_responses ?? []),
  };
  const upgraded = addProofs(container, {
    time_stamps: (_signature, index) => [tokens[index]!],
    certificates: needs.flatMap(({ certificate, issuer }) => [certificate, issuer]),
    revocation,
  });
  return { container: upgraded, result: verifyAndList(upgraded, policy, trust, { at: options.at }).result };
}
