import type { RevocationData } from '../revocation/revocation-data.ts';
import type { TrustStore } from '../trust/trust-store.ts';
import type { RevocationNeed } from '../verification/check-status.ts';
import type { SignaturePolicy } from '../verification/policy.ts';
import type { VerificationResult } from '../verification/result.ts';
import { verifyAndList } from '../verification/verify.ts';
import { addProofs, listSignatures } from './upgrade.ts';

/** Where proofs come from; each may be slow and may fail, so the upgrade is a job and never part of signing. */
export type ProofSources = {
  /** A token over these bytes; `index` is the signature's place in the envelope. */
  timeStamp: (signature: Uint8Array, digest_algorithm: string, index: number) => Promise<Uint8Array>;
  revocation: (need: RevocationNeed) => Promise<RevocationData | undefined>;
};

export type UpgradeOptions = {
  /** When the container was first received. */
  at: Date;
  /** Digest of the imprint; the signer's own when absent, so that national authorities get GOST 34.311 or Kupyna. */
  digest_algorithm?: string;
};

export type Upgrade = {
  /** The upgraded container: a second object beside the first, never instead of it. */
  container: Uint8Array;
  result: VerificationResult;
};

/** Verifies and lists what is still open; in this thread, or in others. */
export type Check = (container: Uint8Array) => Promise<{ result: VerificationResult; needs: RevocationNeed[] }>;

/**
 * Upgrades a container that was accepted at reception: time-stamps over the signatures of the outermost envelope (B-T), then the
 * certificates and revocation data of the chains, those of the time-stamps included (B-LT). The result says which level was reached; REVOKED_NO_POE here means that the
 * authorities had revoked a certificate before reception, and must be looked at by a person. Throws when there is no time-stamp.
 */
export function upgradeContainer(
  container: Uint8Array,
  policy: SignaturePolicy,
  trust: TrustStore,
  sources: ProofSources,
  options: UpgradeOptions,
): Promise<Upgrade> {
  const check: Check = async (bytes) => verifyAndList(bytes, policy, trust, { at: options.at });
  return upgradeChecked(container, check, sources, options);
}

/** The same over any verifier, so that a platform upgrades in its verifying threads. */
export async function upgradeChecked(
  container: Uint8Array,
  check: Check,
  sources: ProofSources,
  options: Pick<UpgradeOptions, 'digest_algorithm'> = {},
): Promise<Upgrade> {
  const tokens = await Promise.all(
    listSignatures(container).map(({ signature, digest_algorithm }, index) =>
      sources.timeStamp(signature, options.digest_algorithm ?? digest_algorithm, index),
    ),
  );
  const stamped = addProofs(container, { time_stamps: (_signature, index) => [tokens[index]!] });
  const { needs } = await check(stamped);
  const answers = await Promise.all(needs.map((need) => sources.revocation(need)));
  const revocation = {
    crls: answers.flatMap((answer) => answer?.crls ?? []),
    ocsp_responses: answers.flatMap((answer) => answer?.ocsp_responses ?? []),
  };
  const upgraded = addProofs(stamped, {
    certificates: needs.flatMap(({ certificate, issuer }) => [certificate, issuer]),
    revocation,
  });
  return { container: upgraded, result: (await check(upgraded)).result };
}
