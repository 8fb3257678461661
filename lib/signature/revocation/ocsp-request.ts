import { randomBytes } from 'node:crypto';
import { oids } from '../asn1/oids.ts';
import { type Asn1Node, bytesOf, childrenOf, readAsn1 } from '../asn1/reader.ts';
import { fieldsOf, hexOf, insideOf, integerOf, octetsOf, tag } from '../asn1/values.ts';
import { context, integer, nullValue, octetString, oid, sequence } from '../asn1/writer.ts';
import { readAlgorithm } from '../crypto/algorithm-identifier.ts';
import { readCertificate } from '../x509/certificate.ts';
import { findNonce, identifierHash } from './ocsp.ts';

/** OCSPRequest for one certificate (RFC 6960 §4.1.1); issuers are named by SHA-1, which every responder knows. */
export function createOcspRequest(
  certificate_der: Uint8Array,
  issuer_der: Uint8Array,
): { der: Uint8Array; nonce: Uint8Array } {
  const certificate = readCertificate(certificate_der);
  const issuer = readCertificate(issuer_der);
  const id = sequence(
    sequence(oid(oids.sha1), nullValue()),
    octetString(identifierHash(oids.sha1, Buffer.from(certificate.issuer, 'hex'))!),
    octetString(identifierHash(oids.sha1, issuer.public_key.key)!),
    integer(Buffer.from(certificate.serial, 'hex')),
  );
  const nonce = randomBytes(16);
  const extensions = context(2, sequence(sequence(oid(oids.ocsp_nonce), octetString(octetString(nonce)))));
  return { der: sequence(sequence(sequence(sequence(id)), extensions)), nonce };
}

/** Whose certificate is asked about: `der` is the CertID as it came, to be repeated in the answer. */
export type OcspCertificateId = {
  der: Uint8Array;
  serial: string;
  digest_algorithm: string;
  issuer_name_hash: Uint8Array;
  issuer_key_hash: Uint8Array;
};

export type OcspRequest = { ids: OcspCertificateId[]; nonce: Uint8Array | undefined };

/** Reads a request, for a responder. Throws Asn1Error. */
export function readOcspRequest(der: Uint8Array): OcspRequest {
  const outer = fieldsOf(readAsn1(der, 'DER', { bytes: 64 * 1024, nodes: 5_000, depth: 16 }), 'OCSPRequest');
  const fields = fieldsOf(outer.take(tag.sequence, 'tbsRequest'), 'TBSRequest');
  fields.optional(0xa0);
  fields.optional(0xa1);
  const ids = childrenOf(fields.take(tag.sequence, 'requestList')).map((request) =>
    readCertificateId(fieldsOf(request, 'Request').take(tag.sequence, 'reqCert')),
  );
  const extensions = fields.optional(0xa2);
  return { ids, nonce: extensions && findNonce(insideOf(extensions, 'requestExtensions')) };
}

function readCertificateId(id: Asn1Node): OcspCertificateId {
  const fields = fieldsOf(id, 'CertID');
  return {
    der: bytesOf(id),
    digest_algorithm: readAlgorithm(fields.take(tag.sequence, 'hashAlgorithm')).oid,
    issuer_name_hash: octetsOf(fields.take(tag.octet_string, 'issuerNameHash')),
    issuer_key_hash: octetsOf(fields.take(tag.octet_string, 'issuerKeyHash')),
    serial: hexOf(integerOf(fields.take(tag.integer, 'serialNumber'))),
  };
}
