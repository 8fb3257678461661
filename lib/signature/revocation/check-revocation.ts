import { oids } from '../asn1/oids.ts';
import { Asn1Error } from '../asn1/reader.ts';
import { verifySignature } from '../crypto/verify-signature.ts';
import { isGranted, rememberCertificate, type TrustStore } from '../trust/trust-store.ts';
import type { Certificate } from '../x509/certificate.ts';
import { key_usage } from '../x509/extensions.ts';
import type { Crl } from './crl.ts';
import { findStatus, type OcspAnswer, type OcspStatus } from './ocsp.ts';
import type { Revocation } from './revocation.ts';
import type { ReadRevocationData } from './revocation-data.ts';

/** `disowned`: the responder says that it does not know the certificate. `missing`: nobody said anything usable. */
export type RevocationStatus = { status: 'good' | 'missing' | 'disowned' } | { status: 'revoked'; revoked_at: Date };

export type RevocationQuestion = {
  certificate: Certificate;
  issuer: Certificate;
  data: ReadRevocationData;
  trust: TrustStore;
  /** Best signature time. */
  at: Date;
  /** Greatest age of an answer at that time; when undefined its own next update decides, or 24 hours. */
  freshness_s: number | undefined;
  /** The certificate is a time-stamp unit's: a later revocation counts too, unless its reason clears the key (RFC 3161 §4). */
  is_unit?: boolean;
};

/**
 * Status at a time. A certificate revoked at or before it is revoked, whatever the age of the proof, because a revocation stays;
 * one revoked later was good then. "Good" needs a proof that is fresh at that time or made after it.
 */
export function checkRevocation(question: RevocationQuestion): RevocationStatus {
  const proofs = [...ocspProofs(question), ...crlProofs(question)];
  const revocations = proofs.flatMap(({ revocation }) =>
    revocation && reachesBack(revocation, question) ? [revocation.at] : [],
  );
  if (revocations[0])
    return { status: 'revoked', revoked_at: new Date(Math.min(...revocations.map((time) => time.getTime()))) };
  const fresh = proofs.filter((proof) => isFresh(proof, question));
  if (fresh.some(({ is_disowned }) => is_disowned)) return { status: 'disowned' };
  return { status: fresh.length > 0 ? 'good' : 'missing' };
}

function reachesBack({ at, is_key_safe }: Revocation, question: RevocationQuestion): boolean {
  return at <= question.at || (question.is_unit === true && !is_key_safe);
}

type Proof = {
  this_update: Date;
  next_update: Date | undefined;
  revocation: Revocation | undefined;
  is_disowned: boolean;
};

const default_freshness_s = 24 * 3600;

function isFresh({ this_update, next_update }: Proof, { at, freshness_s }: RevocationQuestion): boolean {
  if (this_update >= at) return true;
  if (freshness_s === undefined && next_update) return at <= next_update;
  return at.getTime() - this_update.getTime() <= (freshness_s ?? default_freshness_s) * 1000;
}

function crlProofs(question: RevocationQuestion): Proof[] {
  const { certificate, data } = question;
  const wanted = certificate.extensions.is_authority ? 'authorities' : 'users';
  return data.crls
    .filter(
      (crl) => crl.issuer === certificate.issuer && !crl.is_unusable && (crl.covers === 'all' || crl.covers === wanted),
    )
    .filter((crl) => isListSigned(crl, question))
    .map((crl) => ({ ...crl, revocation: crl.revoked.get(certificate.serial), is_disowned: false }));
}

function isListSigned(crl: Crl, { issuer, trust }: RevocationQuestion): boolean {
  const usage = issuer.extensions.key_usage;
  if (usage !== undefined && !(usage & key_usage.crl_sign)) return false;
  return isSigned(trust, issuer, crl);
}

function ocspProofs(question: RevocationQuestion): Proof[] {
  return question.data.ocsp_answers.flatMap((answer) => {
    const status = findStatus(answer, question.certificate, question.issuer);
    return status && isAnswerSigned(answer, question) ? [proofOf(status)] : [];
  });
}

function proofOf({ status, revocation, this_update, next_update }: OcspStatus): Proof {
  return { this_update, next_update, revocation, is_disowned: status === 'unknown' };
}

/**
 * RFC 6960 §4.2.2.2: by the issuer itself, by a responder whom that same issuer certified for it, or by one that the trust
 * store lists for OCSP.
 */
function isAnswerSigned(answer: OcspAnswer, question: RevocationQuestion): boolean {
  const { issuer, trust } = question;
  if (isSigned(trust, issuer, answer)) return true;
  const listed = trust.anchors
    .filter((anchor) => anchor.services.includes('ocsp') && isGranted(anchor, answer.produced_at))
    .map(({ certificate }) => certificate);
  const delegated = answer.certificates
    .flatMap((der) => readResponder(trust, der))
    .filter((responder) => isDelegated(responder, answer, question));
  return [...delegated, ...listed.filter((anchor) => !anchor.extensions.is_authority)].some((responder) =>
    isSigned(trust, responder, answer),
  );
}

function readResponder(trust: TrustStore, der: Uint8Array): Certificate[] {
  try {
    return [rememberCertificate(trust, der)];
  } catch (error) {
    if (error instanceof Asn1Error) return [];
    throw error;
  }
}

function isDelegated(responder: Certificate, answer: OcspAnswer, { issuer, trust }: RevocationQuestion): boolean {
  const { extensions, not_before, not_after } = responder;
  return (
    responder.issuer === issuer.subject &&
    (extensions.purposes?.includes(oids.purpose_ocsp_signing) ?? false) &&
    extensions.unknown_critical.length === 0 &&
    not_before <= answer.produced_at &&
    answer.produced_at <= not_after &&
    isSigned(trust, issuer, responder)
  );
}

type Signed = Pick<Certificate, 'sha256' | 'tbs' | 'signature_algorithm' | 'signature'>;

/** The same cache as for links of chains: whose key signed what, and nothing more. */
function isSigned(trust: TrustStore, signer: Certificate, signed: Signed): boolean {
  const key = `${signed.sha256} ${signer.sha256}`;
  const known = trust.verified_links.get(key);
  if (known !== undefined) return known;
  const { tbs: message, signature, signature_algorithm: algorithm } = signed;
  const { outcome } = verifySignature({ key: signer.public_key, algorithm, message, signature });
  trust.verified_links.set(key, outcome === 'valid');
  return outcome === 'valid';
}
