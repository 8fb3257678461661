import { randomBytes } from 'node:crypto';
import { Asn1Error, bytesOf, readAsn1 } from '../asn1/reader.ts';
import { fieldsOf, hexOf, integerOf, octetsOf, oidOf, sameBytes, smallIntegerOf, tag } from '../asn1/values.ts';
import { boolean, integer, octetString, oid, sequence } from '../asn1/writer.ts';
import { readSignedData } from '../cms/signed-data.ts';
import { readAlgorithm } from '../crypto/algorithm-identifier.ts';
import { digest } from '../crypto/digests.ts';
import { readTimeStamp } from './token.ts';

/** TimeStampReq (RFC 3161 §2.4.1). */
export type TimeStampRequest = { digest_algorithm: string; imprint: Uint8Array; nonce: Uint8Array | undefined };

/** A request for a token over these bytes, asking for the authority's certificate. */
export function createTimeStampRequest(
  stamped: Uint8Array,
  digest_algorithm: string,
): TimeStampRequest & { der: Uint8Array } {
  const imprint = digest(digest_algorithm, stamped);
  if (!imprint) throw new Error(`Digest ${digest_algorithm} is not accepted`);
  const nonce = randomBytes(8);
  nonce[0] = (nonce[0]! & 0x7f) | 0x40;
  const der = sequence(
    integer(1),
    sequence(sequence(oid(digest_algorithm)), octetString(imprint)),
    integer(nonce),
    boolean(true),
  );
  return { digest_algorithm, imprint, nonce, der };
}

/** Reads a request. Throws Asn1Error. */
export function readTimeStampRequest(der: Uint8Array): TimeStampRequest {
  const fields = fieldsOf(readAsn1(der, 'DER', { bytes: 8_192, nodes: 200, depth: 8 }), 'TimeStampReq');
  smallIntegerOf(fields.take(tag.integer, 'version'));
  const imprint = fieldsOf(fields.take(tag.sequence, 'messageImprint'), 'MessageImprint');
  const digest_algorithm = readAlgorithm(imprint.take(tag.sequence, 'hashAlgorithm')).oid;
  const hashed = octetsOf(imprint.take(tag.octet_string, 'hashedMessage'));
  const policy = fields.optional(tag.oid);
  if (policy) oidOf(policy);
  const nonce = fields.optional(tag.integer);
  return { digest_algorithm, imprint: hashed, nonce: nonce && integerOf(nonce) };
}

/** Takes the token out of a TimeStampResp, when it answers this very request. Throws Asn1Error. */
export function readTimeStampResponse(der: Uint8Array, request: TimeStampRequest): Uint8Array {
  const fields = fieldsOf(readAsn1(der, 'BER', { bytes: 256 * 1024, nodes: 20_000, depth: 32 }), 'TimeStampResp');
  const status = smallIntegerOf(
    fieldsOf(fields.take(tag.sequence, 'status'), 'PKIStatusInfo').take(tag.integer, 'status'),
  );
  if (status > 1) throw new Asn1Error(`The time-stamp authority answers with status ${status}`);
  const token = bytesOf(fields.take(tag.sequence, 'timeStampToken'));
  const content = readSignedData(token).content;
  const stamp = content && readTimeStamp(content);
  if (!stamp || !sameBytes(stamp.imprint, request.imprint))
    throw new Asn1Error('The time-stamp is over something else');
  const asked = request.nonce ? hexOf(request.nonce) : undefined;
  if (asked !== (stamp.nonce && hexOf(stamp.nonce))) throw new Asn1Error('The time-stamp answers another request');
  return token;
}
