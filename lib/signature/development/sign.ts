import { oids } from '../asn1/oids.ts';
import { context, integer, octetString, oid, sequence, setOf, time } from '../asn1/writer.ts';
import { digest } from '../crypto/digests.ts';
import { readCertificate } from '../x509/certificate.ts';
import type { CertificateFiles } from './key-file.ts';
import { readSigningKey, type SigningKey } from './signing-keys.ts';

export type Signatory = Pick<CertificateFiles, 'certificate' | 'private_key'> & { chain?: Uint8Array[] };

export type SignOptions = {
  /** Claimed time; now when absent. */
  signing_time?: Date;
  /** Leave the content out of the container. */
  detached?: boolean;
  /** Object identifier of the content's type; plain data when absent. */
  content_type?: string;
};

/** Signs content: an attached CAdES B-B container (ETSI EN 319 122-1), DER. */
export function sign(content: Uint8Array, signatory: Signatory, options: SignOptions = {}): Uint8Array {
  return signTogether(content, [signatory], options);
}

/** Several signatures side by side in one envelope. To nest, sign a container. */
export function signTogether(content: Uint8Array, signatories: Signatory[], options: SignOptions = {}): Uint8Array {
  const signed = signatories.map((signatory) => signerInfo(content, signatory, options));
  const certificates = signatories.flatMap(({ certificate, chain }) => [certificate, ...(chain ?? [])]);
  return writeSignedData({
    content_type: options.content_type ?? oids.data,
    content: options.detached ? undefined : content,
    digests: signed.map(({ digest_algorithm }) => digest_algorithm),
    certificates: distinct(certificates),
    signer_infos: signed.map((info) => info.der),
  });
}

/** ContentInfo with SignedData (RFC 5652 §5.1: version 1 for plain data, 3 for other content). */
function writeSignedData(parts: {
  content_type: string;
  content: Uint8Array | undefined;
  digests: Uint8Array[];
  certificates: Uint8Array[];
  signer_infos: Uint8Array[];
}): Uint8Array {
  const content = parts.content ? [context(0, octetString(parts.content))] : [];
  const signed_data = sequence(
    integer(parts.content_type === oids.data ? 1 : 3),
    setOf(distinct(parts.digests)),
    sequence(oid(parts.content_type), ...content),
    setOf(parts.certificates, 0xa0),
    setOf(parts.signer_infos),
  );
  return sequence(oid(oids.signed_data), context(0, signed_data));
}

function signerInfo(content: Uint8Array, signatory: Signatory, options: SignOptions) {
  const key = readSigningKey(signatory.private_key);
  const digest_algorithm = sequence(oid(key.digest));
  const attributes = setOf(signedAttributes(content, signatory.certificate, key, options));
  const { issuer, serial } = readCertificate(signatory.certificate);
  const der = sequence(
    integer(1),
    sequence(Buffer.from(issuer, 'hex'), integer(Buffer.from(serial, 'hex'))),
    digest_algorithm,
    asImplicit(attributes),
    key.signature_algorithm,
    octetString(key.sign(attributes)),
  );
  return { der, digest_algorithm };
}

function signedAttributes(
  content: Uint8Array,
  certificate: Uint8Array,
  key: SigningKey,
  { signing_time, content_type }: SignOptions,
): Uint8Array[] {
  return [
    attribute(oids.content_type, oid(content_type ?? oids.data)),
    attribute(oids.signing_time, time(signing_time ?? new Date())),
    attribute(oids.message_digest, octetString(requireDigest(key.digest, content))),
    attribute(oids.signing_certificate_v2, signingCertificate(certificate, key.digest)),
  ];
}

function attribute(type: string, value: Uint8Array): Uint8Array {
  return sequence(oid(type), setOf([value]));
}

/** SigningCertificateV2 (RFC 5035 §3): SHA-256 is the default and then stays unwritten (X.690 §11.5). */
function signingCertificate(certificate: Uint8Array, algorithm: string): Uint8Array {
  const named = algorithm === oids.sha256 ? [] : [sequence(oid(algorithm))];
  return sequence(sequence(sequence(...named, octetString(requireDigest(algorithm, certificate)))));
}

function requireDigest(algorithm: string, bytes: Uint8Array): Uint8Array {
  const value = digest(algorithm, bytes);
  if (!value) throw new Error(`Digest ${algorithm} is not available`);
  return value;
}

/** The same SET under the implicit tag [0] of SignerInfo. */
function asImplicit(set: Uint8Array): Uint8Array {
  const tagged = Uint8Array.from(set);
  tagged[0] = 0xa0;
  return tagged;
}

function distinct(list: Uint8Array[]): Uint8Array[] {
  return [...new Map(list.map((bytes) => [Buffer.from(bytes).toString('hex'), bytes])).values()];
}
