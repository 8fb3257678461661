import { verifySignature } from '../crypto/verify-signature.ts';
import { type Fault, fault } from '../verification/result.ts';
import type { Certificate } from '../x509/certificate.ts';
import { key_usage } from '../x509/extensions.ts';
import { isGranted, type TrustAnchor, type TrustedService, type TrustStore } from './trust-store.ts';

/** From the signer's certificate to an anchor; each is issued by the next. */
export type Chain = { path: Certificate[]; anchor: TrustAnchor };

export type ChainOutcome = { chain: Chain; fault?: undefined } | { chain?: undefined; fault: Fault };

export type ChainQuestion = {
  certificate: Certificate;
  /** Certificates that came with the signature: ways to an anchor, never anchors. */
  offered: Certificate[];
  trust: TrustStore;
  service: TrustedService;
  /** Best signature time: when the signature is known to have existed. */
  at: Date;
};

const longest_path = 6;
/** Signature checks that one question may cost: hostile containers may offer many issuers of one name. */
const most_checks = 24;

/**
 * Looks for a chain to a configured anchor (RFC 5280 §6.1, without policies and name constraints, whose critical use is
 * refused). Issuers are tried by exact name, and only a verified signature counts. The first complete chain without fault wins;
 * otherwise the fault of the most complete one is answered.
 */
export function buildChain(question: ChainQuestion): ChainOutcome {
  const search = { question, checks: most_checks, fault: undefined as Fault | undefined };
  const chain = extend(search, [question.certificate]);
  if (chain) return { chain };
  return { fault: search.fault ?? fault('NO_CERTIFICATE_CHAIN_FOUND', 'matching ROOT certificate not found') };
}

type Search = { question: ChainQuestion; checks: number; fault: Fault | undefined };

function extend(search: Search, path: Certificate[]): Chain | undefined {
  const last = path[path.length - 1]!;
  for (const anchor of anchorsFor(search.question, last)) {
    if (!isIssuedBy(search, last, anchor.certificate)) continue;
    const found =
      findFault([...path, anchor.certificate], search.question.at) ?? findAnchorFault(anchor, search.question.at);
    if (!found) return { path: [...path, anchor.certificate], anchor };
    search.fault ??= found;
  }
  if (path.length >= longest_path) return undefined;
  for (const issuer of intermediatesFor(search.question, last, path)) {
    if (!isIssuedBy(search, last, issuer)) continue;
    const chain = extend(search, [...path, issuer]);
    if (chain) return chain;
  }
  return undefined;
}

function anchorsFor({ trust, service }: ChainQuestion, certificate: Certificate): TrustAnchor[] {
  const named = trust.anchors_by_subject.get(certificate.issuer) ?? [];
  // An OCSP responder or time-stamp unit may be certified by an authority that is listed for certificates.
  return named.filter((anchor) => anchor.services.includes(service) || anchor.services.includes('certificates'));
}

function intermediatesFor(question: ChainQuestion, certificate: Certificate, path: Certificate[]): Certificate[] {
  return [...question.trust.intermediates, ...question.offered].filter(
    (issuer) =>
      issuer.subject === certificate.issuer &&
      issuer.extensions.is_authority &&
      issuer.subject !== issuer.issuer &&
      !path.some((step) => step.sha256 === issuer.sha256),
  );
}

function isIssuedBy(search: Search, certificate: Certificate, issuer: Certificate): boolean {
  const links = search.question.trust.verified_links;
  const key = `${certificate.sha256} ${issuer.sha256}`;
  const known = links.get(key);
  if (known !== undefined) return known;
  if (search.checks-- <= 0) return false;
  const { outcome, reason } = verifySignature({
    key: issuer.public_key,
    algorithm: certificate.signature_algorithm,
    message: certificate.tbs,
    signature: certificate.signature,
  });
  if (outcome === 'refused') search.fault ??= fault('CRYPTO_CONSTRAINTS_FAILURE', reason);
  links.set(key, outcome === 'valid');
  return outcome === 'valid';
}

/** Checks every certificate of a complete path; `path` ends with the anchor's. */
function findFault(path: Certificate[], at: Date): Fault | undefined {
  for (const [index, certificate] of path.entries()) {
    const found =
      findValidityFault(certificate, at) ?? (index > 0 ? findAuthorityFault(certificate, index - 1) : undefined);
    if (found) return found;
    const [unknown] = certificate.extensions.unknown_critical;
    if (unknown) return fault('CHAIN_CONSTRAINTS_FAILURE', `Critical extension ${unknown} is not understood`);
  }
  return undefined;
}

function findValidityFault(certificate: Certificate, at: Date): Fault | undefined {
  if (at < certificate.not_before) return fault('NOT_YET_VALID', 'certificate is not yet valid');
  if (at > certificate.not_after) return fault('OUT_OF_BOUNDS_NO_POE', 'certificate timestamp expired');
  return undefined;
}

/** `below`: how many authorities stand between this one and the signer (RFC 5280 §4.2.1.9). */
function findAuthorityFault({ extensions }: Certificate, below: number): Fault | undefined {
  const refused = (message: string) => fault('CHAIN_CONSTRAINTS_FAILURE', message);
  if (!extensions.is_authority) return refused('An issuer in the chain is not a certification authority');
  if (extensions.path_length !== undefined && below > extensions.path_length) return refused('Chain too long');
  if (extensions.key_usage === undefined || extensions.key_usage & key_usage.key_cert_sign) return undefined;
  return refused('An issuer in the chain may not sign certificates');
}

function findAnchorFault(anchor: TrustAnchor, at: Date): Fault | undefined {
  if (isGranted(anchor, at)) return undefined;
  return fault('CHAIN_CONSTRAINTS_FAILURE', 'The authority was not trusted by the list at that time');
}
