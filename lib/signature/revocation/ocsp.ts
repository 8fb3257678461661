import { createHash } from 'node:crypto';
import { oids } from '../asn1/oids.ts';
import { Asn1Error, type Asn1Node, bytesOf, childrenOf, readAsn1 } from '../asn1/reader.ts';
import {
  fieldsOf,
  hexOf,
  insideOf,
  integerOf,
  octetsOf,
  oidOf,
  sameBytes,
  smallIntegerOf,
  tag,
  timeOf,
  wholeBitsOf,
} from '../asn1/values.ts';
import { type AlgorithmIdentifier, readAlgorithm } from '../crypto/algorithm-identifier.ts';
import { digest, sha256Hex } from '../crypto/digests.ts';
import type { Certificate } from '../x509/certificate.ts';
import { readExtensionList } from '../x509/extension-list.ts';
import { clearsKey, type Revocation } from './revocation.ts';

/** Status of one certificate in an answer. */
export type OcspStatus = {
  digest_algorithm: string;
  issuer_name_hash: Uint8Array;
  issuer_key_hash: Uint8Array;
  serial: string;
  status: 'good' | 'revoked' | 'unknown';
  revocation: Revocation | undefined;
  this_update: Date;
  next_update: Date | undefined;
};

/** BasicOCSPResponse as read (RFC 6960 §4.2.1). */
export type OcspAnswer = {
  sha256: string;
  tbs: Uint8Array;
  produced_at: Date;
  statuses: OcspStatus[];
  /** The nonce of the request, when the answer repeats one. */
  nonce: Uint8Array | undefined;
  certificates: Uint8Array[];
  signature_algorithm: AlgorithmIdentifier;
  signature: Uint8Array;
};

const limits = { bytes: 256 * 1024, nodes: 20_000, depth: 24 };

/** Reads an OCSPResponse, or the BasicOCSPResponse inside one (as revocation-values hold it). Throws Asn1Error. */
export function readOcspAnswer(der: Uint8Array): OcspAnswer {
  const node = readAsn1(der, 'DER', limits);
  if (childrenOf(node)[0]?.id !== tag.enumerated) return readBasicAnswer(node);
  const fields = fieldsOf(node, 'OCSPResponse');
  const status = smallIntegerOf(fields.take(tag.enumerated, 'responseStatus'), tag.enumerated);
  if (status !== 0) throw new Asn1Error(`The OCSP responder answers with status ${status}`);
  const bytes = fieldsOf(insideOf(fields.take(0xa0, 'responseBytes'), 'responseBytes'), 'ResponseBytes');
  if (oidOf(bytes.take(tag.oid, 'responseType')) !== oids.ocsp_basic)
    throw new Asn1Error('Unknown type of OCSP response');
  return readBasicAnswer(readAsn1(octetsOf(bytes.take(tag.octet_string, 'response')), 'DER', limits));
}

function readBasicAnswer(node: Asn1Node): OcspAnswer {
  const fields = fieldsOf(node, 'BasicOCSPResponse');
  const tbs = fields.take(tag.sequence, 'tbsResponseData');
  const signature_algorithm = readAlgorithm(fields.take(tag.sequence, 'signatureAlgorithm'));
  const signature = wholeBitsOf(fields.take(tag.bit_string, 'signature'));
  const certificates = fields.optional(0xa0);
  fields.end();
  return {
    sha256: sha256Hex(bytesOf(node)),
    tbs: bytesOf(tbs),
    ...readResponseData(tbs),
    certificates: certificates ? childrenOf(insideOf(certificates, 'certs')).slice(0, 8).map(bytesOf) : [],
    signature_algorithm,
    signature,
  };
}

function readResponseData(node: Asn1Node) {
  const fields = fieldsOf(node, 'ResponseData');
  fields.optional(0xa0);
  fields.takeAny('responderID');
  const produced_at = timeOf(fields.take(tag.generalized_time, 'producedAt'));
  const statuses = childrenOf(fields.take(tag.sequence, 'responses')).map(readStatus);
  const extensions = fields.optional(0xa1);
  fields.end();
  return { produced_at, statuses, nonce: extensions && findNonce(insideOf(extensions, 'responseExtensions')) };
}

/** The nonce among the extensions of a request or an answer (RFC 8954). */
export function findNonce(extensions: Asn1Node): Uint8Array | undefined {
  const found = readExtensionList(extensions).find(({ id }) => id === oids.ocsp_nonce);
  return found && octetsOf(readAsn1(found.value));
}

function readStatus(node: Asn1Node): OcspStatus {
  const fields = fieldsOf(node, 'SingleResponse');
  const id = fieldsOf(fields.take(tag.sequence, 'certID'), 'CertID');
  const digest_algorithm = readAlgorithm(id.take(tag.sequence, 'hashAlgorithm')).oid;
  const issuer_name_hash = octetsOf(id.take(tag.octet_string, 'issuerNameHash'));
  const issuer_key_hash = octetsOf(id.take(tag.octet_string, 'issuerKeyHash'));
  const serial = hexOf(integerOf(id.take(tag.integer, 'serialNumber')));
  id.end();
  const status = fields.takeAny('certStatus');
  const this_update = timeOf(fields.take(tag.generalized_time, 'thisUpdate'));
  const next_update = fields.optional(0xa0);
  fields.optional(0xa1);
  fields.end();
  return {
    digest_algorithm,
    issuer_name_hash,
    issuer_key_hash,
    serial,
    ...readCertificateStatus(status),
    this_update,
    next_update: next_update && timeOf(insideOf(next_update, 'nextUpdate')),
  };
}

function readCertificateStatus(node: Asn1Node): Pick<OcspStatus, 'status' | 'revocation'> {
  if (node.id === 0x80) return { status: 'good', revocation: undefined };
  if (node.id === 0xa1) {
    const fields = fieldsOf(node, 'RevokedInfo', 0xa1);
    const at = timeOf(fields.take(tag.generalized_time, 'revocationTime'));
    const reason = fields.optional(0xa0);
    const is_key_safe = clearsKey(reason && smallIntegerOf(insideOf(reason, 'revocationReason'), tag.enumerated));
    return { status: 'revoked', revocation: { at, is_key_safe } };
  }
  if (node.id === 0x82) return { status: 'unknown', revocation: undefined };
  throw new Asn1Error('Unknown form of certificate status');
}

/** The status of this certificate under this issuer, by the hashes that the responder chose (RFC 6960 §4.1.1). */
export function findStatus(answer: OcspAnswer, certificate: Certificate, issuer: Certificate): OcspStatus | undefined {
  return answer.statuses.find((status) => status.serial === certificate.serial && namesIssuer(status, issuer));
}

/** Whether an identifier is of this issuer's certificates: name and key, by the hash it was made with. */
export function namesIssuer(
  id: Pick<OcspStatus, 'digest_algorithm' | 'issuer_name_hash' | 'issuer_key_hash'>,
  issuer: Certificate,
): boolean {
  const name = identifierHash(id.digest_algorithm, Buffer.from(issuer.subject, 'hex'));
  const key = identifierHash(id.digest_algorithm, issuer.public_key.key);
  return (
    name !== undefined &&
    key !== undefined &&
    sameBytes(name, id.issuer_name_hash) &&
    sameBytes(key, id.issuer_key_hash)
  );
}

/** SHA-1 only names the issuer here; what is believed hangs on the signature of the answer. */
export function identifierHash(algorithm: string, bytes: Uint8Array): Uint8Array | undefined {
  return algorithm === oids.sha1 ? createHash('sha1').update(bytes).digest() : digest(algorithm, bytes);
}
