import { oids } from '../asn1/oids.ts';
import { sameBytes } from '../asn1/values.ts';
import type { SignedAttributes, SignerIdentifier, SignerInfo } from '../cms/signer-info.ts';
import { type CertificateReference, readSigningCertificate } from '../cms/signing-certificate.ts';
import { digest, isAcceptedDigest } from '../crypto/digests.ts';
import type { Certificate } from '../x509/certificate.ts';
import { type Fault, fault } from './result.ts';

export type FoundSigner = { certificate: Certificate; fault?: undefined } | { certificate?: undefined; fault: Fault };

/**
 * The signer's certificate is the one that the signed reference hashes to, and that the signer identifier names: never "the
 * first one", whatever the order (trust.md §8.3, §8.4).
 */
export function findSignerCertificate(
  signer: SignerInfo,
  signed: SignedAttributes,
  offered: Certificate[],
): FoundSigner {
  const reference = readSigningCertificate(signed);
  if (!reference) return refuse('SIG_CONSTRAINTS_FAILURE', 'No signing-certificate among the signed attributes');
  if (reference.version === 1 || !isAcceptedDigest(reference.digest_algorithm)) {
    return refuse(
      'CRYPTO_CONSTRAINTS_FAILURE',
      `signing-certificate with digest ${reference.digest_algorithm} is not accepted`,
    );
  }
  const named = offered.filter((certificate) => isNamed(certificate, signer.identifier));
  if (named.length === 0)
    return refuse('NO_SIGNING_CERTIFICATE_FOUND', "The signer's certificate is not in the container");
  const bound = named.find((certificate) => isReferred(certificate, reference));
  if (!bound) return refuse('NO_SIGNING_CERTIFICATE_FOUND', 'signing-certificate points to another certificate');
  return { certificate: bound };
}

function refuse(sub_indication: Fault['sub_indication'], message: string): FoundSigner {
  return { fault: fault(sub_indication, message) };
}

function isNamed(certificate: Certificate, identifier: SignerIdentifier): boolean {
  if ('serial' in identifier)
    return certificate.issuer === identifier.issuer && certificate.serial === identifier.serial;
  const own = certificate.extensions.subject_key_identifier;
  return own !== undefined && Buffer.from(own).toString('hex') === identifier.subject_key_identifier;
}

function isReferred(
  certificate: Certificate,
  { digest_algorithm, digest: expected, issuer_serial }: CertificateReference,
): boolean {
  const actual =
    digest_algorithm === oids.sha256
      ? Buffer.from(certificate.sha256, 'hex')
      : digest(digest_algorithm, certificate.der);
  if (!actual || !sameBytes(actual, expected)) return false;
  return !issuer_serial || (issuer_serial.issuer === certificate.issuer && issuer_serial.serial === certificate.serial);
}
