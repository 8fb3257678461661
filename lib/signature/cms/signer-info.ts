import { oids } from '../asn1/oids.ts';
import { Asn1Error, type Asn1Node, bodyOf, bytesOf, childrenOf } from '../asn1/reader.ts';
import { fieldsOf, hexOf, integerOf, octetsOf, oidOf, smallIntegerOf, tag, timeOf } from '../asn1/values.ts';
import { toDer } from '../asn1/writer.ts';
import { type AlgorithmIdentifier, readAlgorithm } from '../crypto/algorithm-identifier.ts';

/** Whose certificate it is, in the signer's own words: a hint, never a proof. */
export type SignerIdentifier = { issuer: string; serial: string } | { subject_key_identifier: string };

/** One SignerInfo (RFC 5652 §5.3). */
export type SignerInfo = {
  identifier: SignerIdentifier;
  digest_algorithm: AlgorithmIdentifier;
  signature_algorithm: AlgorithmIdentifier;
  signature: Uint8Array;
  /** Undefined when there are none. */
  signed: SignedAttributes | undefined;
  unsigned: Attribute[];
};

export type Attribute = { type: string; values: Asn1Node[] };

export type SignedAttributes = {
  /** DER of the SET OF, whatever order and form they came in: the bytes that are signed (RFC 5652 §5.4). */
  der: Uint8Array;
  attributes: Attribute[];
};

export function readSignerInfo(node: Asn1Node): SignerInfo {
  const fields = fieldsOf(node, 'SignerInfo');
  const version = smallIntegerOf(fields.take(tag.integer, 'version'));
  const identifier = readIdentifier(fields.takeAny('sid'));
  if (version !== ('serial' in identifier ? 1 : 3)) throw new Asn1Error('SignerInfo version and identifier disagree');
  const digest_algorithm = readAlgorithm(fields.take(tag.sequence, 'digestAlgorithm'));
  const signed = fields.optional(0xa0);
  const signature_algorithm = readAlgorithm(fields.take(tag.sequence, 'signatureAlgorithm'));
  const signature = octetsOf(fields.takeAny('signature'));
  const unsigned = fields.optional(0xa1);
  fields.end();
  return {
    identifier,
    digest_algorithm,
    signature_algorithm,
    signature,
    signed: signed && { der: toDer(signed, tag.set), attributes: childrenOf(signed).map(readAttribute) },
    unsigned: unsigned ? childrenOf(unsigned).map(readAttribute) : [],
  };
}

function readIdentifier(node: Asn1Node): SignerIdentifier {
  if (node.id === 0x80) return { subject_key_identifier: hexOf(bodyOf(node)) };
  const fields = fieldsOf(node, 'IssuerAndSerialNumber');
  const issuer = hexOf(bytesOf(fields.take(tag.sequence, 'issuer')));
  const serial = hexOf(integerOf(fields.take(tag.integer, 'serialNumber')));
  fields.end();
  return { issuer, serial };
}

function readAttribute(node: Asn1Node): Attribute {
  const fields = fieldsOf(node, 'Attribute');
  const type = oidOf(fields.take(tag.oid, 'attrType'));
  const values = childrenOf(fields.take(tag.set, 'attrValues'));
  fields.end();
  return { type, values };
}

/** The one value of an attribute that may occur once. Undefined when absent; throws Asn1Error when it is there twice. */
export function findSingle(attributes: Attribute[], type: string): Asn1Node | undefined {
  const found = attributes.filter((attribute) => attribute.type === type);
  if (found.length === 0) return undefined;
  if (found.length > 1 || found[0]!.values.length !== 1)
    throw new Asn1Error(`Attribute ${type} is there more than once`);
  return found[0]!.values[0]!;
}

/** All values of an attribute that may be repeated (time-stamps). */
export function listValues(attributes: Attribute[], type: string): Uint8Array[] {
  return attributes
    .filter((attribute) => attribute.type === type)
    .flatMap((attribute) => attribute.values.map(bytesOf));
}

export function contentTypeOf(signed: SignedAttributes): string | undefined {
  const value = findSingle(signed.attributes, oids.content_type);
  return value && oidOf(value);
}

export function messageDigestOf(signed: SignedAttributes): Uint8Array | undefined {
  const value = findSingle(signed.attributes, oids.message_digest);
  return value && octetsOf(value);
}

/** The signer's own claim about time: shown, never relied on. */
export function signingTimeOf(signed: SignedAttributes): Date | undefined {
  const value = findSingle(signed.attributes, oids.signing_time);
  return value && timeOf(value);
}
