import { createHash } from 'node:crypto';
import { Asn1Error, type Asn1Node, bytesOf, readAsn1 } from '../asn1/reader.ts';
import { fieldsOf, hexOf, insideOf, integerOf, smallIntegerOf, tag, timeOf, wholeBitsOf } from '../asn1/values.ts';
import { type AlgorithmIdentifier, readAlgorithm } from '../crypto/algorithm-identifier.ts';
import { type Extensions, readExtensions } from './extensions.ts';
import { type Name, readName } from './names.ts';

/** A certificate as read: nothing in it is believed until a chain says so. */
export type Certificate = {
  der: Uint8Array;
  /** SHA-256 of `der`, hex: the identity of a certificate everywhere in this package. */
  sha256: string;
  /** The signed part, byte for byte. */
  tbs: Uint8Array;
  /** Serial number: content octets of the INTEGER, hex. */
  serial: string;
  /** DER of the names, hex: names are equal when their encodings are. */
  issuer: string;
  subject: string;
  subject_name: Name;
  not_before: Date;
  not_after: Date;
  public_key: SubjectPublicKey;
  extensions: Extensions;
  signature_algorithm: AlgorithmIdentifier;
  signature: Uint8Array;
};

export type SubjectPublicKey = { spki: Uint8Array; algorithm: AlgorithmIdentifier; key: Uint8Array };

/** Reads a certificate in strict DER (RFC 5280 §4.1). Throws Asn1Error. */
export function readCertificate(der: Uint8Array): Certificate {
  const outer = fieldsOf(readAsn1(der, 'DER', { bytes: 16 * 1024, nodes: 5_000, depth: 24 }), 'Certificate');
  const tbs = outer.take(tag.sequence, 'tbsCertificate');
  const signature_algorithm = readAlgorithm(outer.take(tag.sequence, 'signatureAlgorithm'));
  const signature = wholeBitsOf(outer.take(tag.bit_string, 'signatureValue'));
  outer.end();
  const body = readTbs(tbs);
  // RFC 5280 §4.1.1.2: the unsigned copy of the algorithm must equal the signed one.
  if (hexOf(body.inner_algorithm.der) !== hexOf(signature_algorithm.der))
    throw new Asn1Error('Two signature algorithms');
  const { inner_algorithm: _, ...fields } = body;
  return {
    der,
    sha256: createHash('sha256').update(der).digest('hex'),
    tbs: bytesOf(tbs),
    ...fields,
    signature_algorithm,
    signature,
  };
}

/** What a certificate says about itself: serial number (hex, as revocations name it) and names (DER, hex). Throws Asn1Error. */
export function describeCertificate(der: Uint8Array): Pick<Certificate, 'serial' | 'issuer' | 'subject'> {
  const { serial, issuer, subject } = readCertificate(der);
  return { serial, issuer, subject };
}

function readTbs(tbs: Asn1Node) {
  const fields = fieldsOf(tbs, 'TBSCertificate');
  const version = fields.optional(0xa0);
  const serial = hexOf(integerOf(fields.take(tag.integer, 'serialNumber')));
  const inner_algorithm = readAlgorithm(fields.take(tag.sequence, 'signature'));
  const issuer = fields.take(tag.sequence, 'issuer');
  const [not_before, not_after] = readValidity(fields.take(tag.sequence, 'validity'));
  const subject = fields.take(tag.sequence, 'subject');
  const public_key = readPublicKey(fields.take(tag.sequence, 'subjectPublicKeyInfo'));
  fields.optional(0x81, 0xa1);
  fields.optional(0x82, 0xa2);
  const extensions = fields.optional(0xa3);
  fields.end();
  if (extensions && (!version || smallIntegerOf(insideOf(version, 'version')) !== 2))
    throw new Asn1Error('Extensions need v3');
  return {
    serial,
    inner_algorithm,
    issuer: hexOf(bytesOf(issuer)),
    subject: hexOf(bytesOf(subject)),
    subject_name: readName(subject),
    not_before,
    not_after,
    public_key,
    extensions: readExtensions(extensions && insideOf(extensions, 'extensions')),
  };
}

function readValidity(node: Asn1Node): [Date, Date] {
  const fields = fieldsOf(node, 'Validity');
  const bounds: [Date, Date] = [timeOf(fields.takeAny('notBefore')), timeOf(fields.takeAny('notAfter'))];
  fields.end();
  return bounds;
}

function readPublicKey(node: Asn1Node): SubjectPublicKey {
  const fields = fieldsOf(node, 'SubjectPublicKeyInfo');
  const algorithm = readAlgorithm(fields.take(tag.sequence, 'algorithm'));
  const key = wholeBitsOf(fields.take(tag.bit_string, 'subjectPublicKey'));
  fields.end();
  return { spki: bytesOf(node), algorithm, key };
}
