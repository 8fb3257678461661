import { oids } from '../asn1/oids.ts';
import { bytesOf, readAsn1 } from '../asn1/reader.ts';
import { fieldsOf, hexOf, tag } from '../asn1/values.ts';
import { context, integer, octetString, oid, sequence, setOf, time } from '../asn1/writer.ts';

/** What the signed attributes of CAdES B-B say (ETSI EN 319 122-1 §6.3). */
export type SignedStatement = {
  content_type: string;
  signing_time: Date;
  /** Digest algorithm of both digests. */
  digest: string;
  content_digest: Uint8Array;
  certificate_digest: Uint8Array;
};

/** The signed attributes as the DER SET that is hashed and signed (RFC 5652 §5.4). */
export function writeSignedAttributes(statement: SignedStatement): Uint8Array {
  return setOf([
    attribute(oids.content_type, oid(statement.content_type)),
    attribute(oids.signing_time, time(statement.signing_time)),
    attribute(oids.message_digest, octetString(statement.content_digest)),
    attribute(oids.signing_certificate_v2, writeReference(statement)),
  ]);
}

function attribute(type: string, value: Uint8Array): Uint8Array {
  return sequence(oid(type), setOf([value]));
}

/** SigningCertificateV2 (RFC 5035 §3): SHA-256 is the default and then stays unwritten (X.690 §11.5). */
function writeReference({ digest, certificate_digest }: SignedStatement): Uint8Array {
  const named = digest === oids.sha256 ? [] : [sequence(oid(digest))];
  return sequence(sequence(sequence(...named, octetString(certificate_digest))));
}

export type SignerParts = {
  certificate: Uint8Array;
  digest: string;
  /** As written by writeSignedAttributes. */
  attributes: Uint8Array;
  /** AlgorithmIdentifier in DER. */
  signature_algorithm: Uint8Array;
  signature: Uint8Array;
};

export type ContainerParts = {
  content_type: string;
  /** Undefined for a detached signature. */
  content: Uint8Array | undefined;
  certificates: Uint8Array[];
  signers: SignerParts[];
};

/** ContentInfo with SignedData (RFC 5652 §5.1: version 1 for plain data, 3 for other content), DER. */
export function writeSignedData({ content_type, content, certificates, signers }: ContainerParts): Uint8Array {
  const signed_data = sequence(
    integer(content_type === oids.data ? 1 : 3),
    setOf(distinct(signers.map(({ digest }) => sequence(oid(digest))))),
    sequence(oid(content_type), ...(content ? [context(0, octetString(content))] : [])),
    setOf(distinct(certificates), 0xa0),
    setOf(signers.map(writeSignerInfo)),
  );
  return sequence(oid(oids.signed_data), context(0, signed_data));
}

function writeSignerInfo({ certificate, digest, attributes, signature_algorithm, signature }: SignerParts): Uint8Array {
  return sequence(
    integer(1),
    issuerAndSerial(certificate),
    sequence(oid(digest)),
    asImplicit(attributes),
    signature_algorithm,
    octetString(signature),
  );
}

/** IssuerAndSerialNumber, copied from the certificate byte for byte. */
function issuerAndSerial(certificate: Uint8Array): Uint8Array {
  const outer = fieldsOf(readAsn1(certificate), 'Certificate');
  const fields = fieldsOf(outer.take(tag.sequence, 'tbsCertificate'), 'TBSCertificate');
  fields.optional(0xa0);
  const serial = fields.take(tag.integer, 'serialNumber');
  fields.take(tag.sequence, 'signature');
  return sequence(bytesOf(fields.take(tag.sequence, 'issuer')), bytesOf(serial));
}

/** The same SET under the implicit tag [0] of SignerInfo. */
function asImplicit(set: Uint8Array): Uint8Array {
  const tagged = Uint8Array.from(set);
  tagged[0] = 0xa0;
  return tagged;
}

function distinct(list: Uint8Array[]): Uint8Array[] {
  return [...new Map(list.map((bytes) => [hexOf(bytes), bytes])).values()];
}
