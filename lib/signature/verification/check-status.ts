import { checkRevocation, type RevocationStatus } from '../revocation/check-revocation.ts';
import type { ReadRevocationData } from '../revocation/revocation-data.ts';
import type { Chain } from '../trust/chain.ts';
import type { TrustStore } from '../trust/trust-store.ts';
import type { Certificate } from '../x509/certificate.ts';
import type { SignaturePolicy } from './policy.ts';
import { type Fault, fault } from './result.ts';

/** A certificate whose status nobody could tell: what to ask, and whom. */
export type RevocationNeed = {
  certificate: Uint8Array;
  issuer: Uint8Array;
  ocsp_addresses: string[];
  crl_addresses: string[];
};

/** A status that is open after a verification. */
export type OpenStatus = RevocationNeed & {
  /** Best signature time: the status then is what matters. */
  at: Date;
  /** 0 is the signer's certificate, 1 its issuer's, … */
  depth: number;
  /** The chain is of a time-stamp: what it proves, and with it the best signature time, depends on the answer. */
  is_of_time_stamp: boolean;
};

export type StatusQuestion = {
  chain: Chain;
  data: ReadRevocationData;
  trust: TrustStore;
  policy: RevocationRule;
  at: Date;
  is_of_time_stamp?: boolean;
};

export type RevocationRule = Pick<SignaturePolicy, 'revocation' | 'revocation_freshness_s'>;

/** `needs` are listed under every policy, so that a later upgrade knows what to collect. */
export type StatusOutcome = { fault: Fault | undefined; needs: OpenStatus[] };

/** Revocation of every certificate of a chain below its anchor, at best signature time. */
export function checkStatus(question: StatusQuestion): StatusOutcome {
  const { chain, data, trust, policy, at, is_of_time_stamp = false } = question;
  const needs: OpenStatus[] = [];
  for (const [index, certificate] of chain.path.slice(0, -1).entries()) {
    const issuer = chain.path[index + 1]!;
    const freshness_s = policy.revocation_freshness_s;
    const is_unit = is_of_time_stamp && index === 0;
    const found = checkRevocation({ certificate, issuer, data, trust, at, freshness_s, is_unit });
    const status_fault = faultOf(found.status, index);
    if (status_fault) return { fault: status_fault, needs };
    if (found.status === 'missing') needs.push({ ...needFor(certificate, issuer), at, depth: index, is_of_time_stamp });
  }
  return { fault: policy.revocation === 'required' && needs.length > 0 ? missingFault() : undefined, needs };
}

/** What a known status refuses for; a missing one is the policy's matter. */
export function faultOf(status: RevocationStatus['status'], depth: number): Fault | undefined {
  if (status === 'revoked') return revokedFault(depth);
  if (status === 'disowned') return fault('TRY_LATER', 'The responder does not know the certificate');
  return undefined;
}

export function missingFault(): Fault {
  return fault('TRY_LATER', 'Nobody could tell whether the certificate is revoked');
}

/** EN 319 102-1 §5.2.6: without proof that the signature is older than the revocation it is not known to be good. */
function revokedFault(index: number): Fault {
  if (index === 0) return fault('REVOKED_NO_POE', 'certificate revoked');
  return fault('REVOKED_CA_NO_POE', 'certificate of an authority revoked');
}

function needFor(certificate: Certificate, issuer: Certificate): RevocationNeed {
  const { ocsp_addresses, crl_addresses } = certificate.extensions;
  return { certificate: certificate.der, issuer: issuer.der, ocsp_addresses, crl_addresses };
}
