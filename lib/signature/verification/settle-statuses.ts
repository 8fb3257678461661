import { checkRevocation } from '../revocation/check-revocation.ts';
import { type RevocationData, readRevocationData } from '../revocation/revocation-data.ts';
import { rememberCertificate, type TrustStore } from '../trust/trust-store.ts';
import { faultOf, missingFault } from './check-status.ts';
import type { SignaturePolicy } from './policy.ts';
import { type Fault, indicationOf, type VerificationResult, worstFault } from './result.ts';
import type { OpenSignatureStatus } from './verify.ts';

/** A status that was open after a verification, and what was answered since; undefined when nobody answered. */
export type AnsweredStatus = { need: OpenSignatureStatus; data: RevocationData | undefined };

export type StatusFault = { signature: number; fault: Fault };

/**
 * What the answers refuse: a revocation before best signature time always, an unknown status as the policy says. A fault that
 * is known comes before one that is not.
 */
export function findStatusFaults(
  answered: readonly AnsweredStatus[],
  policy: Pick<SignaturePolicy, 'revocation' | 'revocation_freshness_s'>,
  trust: TrustStore,
): StatusFault[] {
  const known: StatusFault[] = [];
  const missing: StatusFault[] = [];
  for (const { need, data } of answered) {
    const { status } = checkRevocation({
      certificate: rememberCertificate(trust, need.certificate),
      issuer: rememberCertificate(trust, need.issuer),
      data: readRevocationData(data ?? {}),
      trust,
      at: need.at,
      freshness_s: policy.revocation_freshness_s,
    });
    const fault = faultOf(status, need.depth);
    if (fault) known.push({ signature: need.signature, fault });
    else if (status === 'missing' && policy.revocation === 'required')
      missing.push({ signature: need.signature, fault: missingFault() });
  }
  return [...known, ...missing];
}

/** The result with these signatures refused; the first fault of each counts. */
export function refuseFor(result: VerificationResult, faults: readonly StatusFault[]): VerificationResult {
  if (faults.length === 0) return result;
  const signatures = result.signatures.map((report, index) => {
    const found = faults.find(({ signature }) => signature === index)?.fault;
    if (!found || !report.is_valid) return report;
    return { ...report, is_valid: false, ...verdictOf(found) };
  });
  const worst = worstFault(signatures);
  return worst ? { ...result, signatures, ...verdictOf(worst) } : result;
}

function verdictOf({ sub_indication, message }: Fault) {
  return { indication: indicationOf(sub_indication), sub_indication, validation_error_message: message };
}
