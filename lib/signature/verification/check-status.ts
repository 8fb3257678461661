import { checkRevocation } from '../revocation/check-revocation.ts';
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

export type StatusQuestion = {
  chain: Chain;
  data: ReadRevocationData;
  trust: TrustStore;
  policy: Pick<SignaturePolicy, 'revocation' | 'revocation_freshness_s'>;
  at: Date;
};

/** `needs` are listed under every policy, so that a later upgrade knows what to collect. */
export type StatusOutcome = { fault: Fault | undefined; needs: RevocationNeed[] };

/** Revocation of every certificate of a chain below its anchor, at best signature time. */
export function checkStatus(question: StatusQuestion): StatusOutcome {
  const { chain, data, trust, policy, at } = question;
  const needs: RevocationNeed[] = [];
  for (const [index, certificate] of chain.path.slice(0, -1).entries()) {
    const issuer = chain.path[index + 1]!;
    const freshness_s = policy.revocation_freshness_s;
    const found = checkRevocation({ certificate, issuer, data, trust, at, freshness_s });
    if (found.status === 'revoked') return { fault: revokedFault(index), needs };
    if (found.status === 'disowned')
      return { fault: fault('TRY_LATER', 'The responder does not know the certificate'), needs };
    if (found.status === 'missing') needs.push(needFor(certificate, issuer));
  }
  if (policy.revocation === 'required' && needs.length > 0) {
    return { fault: fault('TRY_LATER', 'Nobody could tell whether the certificate is revoked'), needs };
  }
  return { fault: undefined, needs };
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
