import { randomBytes } from 'node:crypto';
import { oids } from '../asn1/oids.ts';
import { bytesOf, childrenOf, readAsn1 } from '../asn1/reader.ts';
import { fieldsOf, hexOf, insideOf, integerOf, octetsOf, oidOf, tag } from '../asn1/values.ts';
import { context, integer, nullValue, octetString, oid, sequence } from '../asn1/writer.ts';
import { readCertificate } from '../x509/certificate.ts';
import { identifierHash } from './ocsp.ts';

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

export type OcspRequest = { ids: { der: Uint8Array; serial: string }[]; nonce: Uint8Array | undefined };

/** Reads a request, for a responder. Throws Asn1Error. */
export function readOcspRequest(der: Uint8Array): OcspRequest {
  const outer = fieldsOf(readAsn1(der, 'DER', { bytes: 64 * 1024, nodes: 5_000, depth: 16 }), 'OCSPRequest');
  const fields = fieldsOf(outer.take(tag.sequence, 'tbsRequest'), 'TBSRequest');
  fields.optional(0xa0);
  fields.optional(0xa1);
  const ids = childrenOf(fields.take(tag.sequence, 'requestList')).map((request) => {
    const id = childrenOf(request)[0]!;
    return { der: bytesOf(id), serial: hexOf(integerOf(childrenOf(id)[3]!)) };
  });
  const extensions = fields.optional(0xa2);
  const nonce =
    extensions &&
    childrenOf(insideOf(extensions, 'requestExtensions')).find(
      (extension) => oidOf(childrenOf(extension)[0]!) === oids.ocsp_nonce,
    );
  return { ids, nonce: nonce && octetsOf(readAsn1(octetsOf(childrenOf(nonce).at(-1)!))) };
}
