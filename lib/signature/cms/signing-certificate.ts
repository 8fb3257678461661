import { oids } from '../asn1/oids.ts';
import { Asn1Error, type Asn1Node, bytesOf, childrenOf } from '../asn1/reader.ts';
import { fieldsOf, hexOf, integerOf, octetsOf, tag } from '../asn1/values.ts';
import { readAlgorithm } from '../crypto/algorithm-identifier.ts';
import { findSingle, type SignedAttributes } from './signer-info.ts';

/** The signed pointer to the signer's certificate (RFC 5035): what binds a signature to one certificate. */
export type CertificateReference = {
  version: 1 | 2;
  digest_algorithm: string;
  digest: Uint8Array;
  issuer_serial: { issuer: string; serial: string } | undefined;
};

/** Reads signing-certificate(-v2). Throws Asn1Error when broken, duplicated, or when both kinds are there (EN 319 122-1 §5.2.2). */
export function readSigningCertificate(signed: SignedAttributes): CertificateReference | undefined {
  const first = findSingle(signed.attributes, oids.signing_certificate);
  const second = findSingle(signed.attributes, oids.signing_certificate_v2);
  if (first && second) throw new Asn1Error('signing-certificate in both versions');
  if (second) return readReference(second, 2);
  return first && readReference(first, 1);
}

/** The first ESSCertID names the signer; further ones only narrow the path and are not needed here. */
function readReference(node: Asn1Node, version: 1 | 2): CertificateReference {
  const ids = childrenOf(fieldsOf(node, 'SigningCertificate').take(tag.sequence, 'certs'));
  const fields = fieldsOf(ids[0], 'ESSCertID');
  const algorithm = version === 2 ? fields.optional(tag.sequence) : undefined;
  const digest = octetsOf(fields.take(tag.octet_string, 'certHash'));
  const issuer_serial = fields.optional(tag.sequence);
  fields.end();
  const implied = version === 2 ? oids.sha256 : oids.sha1;
  return {
    version,
    digest_algorithm: algorithm ? readAlgorithm(algorithm).oid : implied,
    digest,
    issuer_serial: issuer_serial && readIssuerSerial(issuer_serial),
  };
}

/** IssuerSerial: GeneralNames with one directoryName, and the serial number. */
function readIssuerSerial(node: Asn1Node): { issuer: string; serial: string } {
  const fields = fieldsOf(node, 'IssuerSerial');
  const names = childrenOf(fields.take(tag.sequence, 'issuer'));
  const serial = hexOf(integerOf(fields.take(tag.integer, 'serialNumber')));
  const directory = names.length === 1 && names[0]!.id === 0xa4 ? childrenOf(names[0]!)[0] : undefined;
  if (!directory) throw new Asn1Error('IssuerSerial without a directory name');
  return { issuer: hexOf(bytesOf(directory)), serial };
}
