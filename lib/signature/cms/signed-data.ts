import { oids } from '../asn1/oids.ts';
import { Asn1Error, type Asn1Node, bytesOf, childrenOf, default_limits, readAsn1 } from '../asn1/reader.ts';
import { fieldsOf, insideOf, octetsOf, oidOf, smallIntegerOf, tag } from '../asn1/values.ts';
import { readSignerInfo, type SignerInfo } from './signer-info.ts';

/** CMS SignedData (RFC 5652 §5.1) as read: certificates and revocation data stay bytes until somebody needs them. */
export type SignedData = {
  content_type: string;
  /** Undefined for a detached signature. */
  content: Uint8Array | undefined;
  certificates: Uint8Array[];
  crls: Uint8Array[];
  ocsp_responses: Uint8Array[];
  signer_infos: SignerInfo[];
};

/** No honest container of this platform holds more. */
const most_certificates = 64;
const most_signers = 16;

/** Reads a CMS container, BER or DER. Throws Asn1Error. */
export function readSignedData(container: Uint8Array, limits = default_limits): SignedData {
  const info = fieldsOf(readAsn1(container, 'BER', limits), 'ContentInfo');
  const type = oidOf(info.take(tag.oid, 'contentType'));
  if (type !== oids.signed_data) throw new Asn1Error(`Content type ${type} is not signed data`);
  const content = insideOf(info.take(0xa0, 'content'), 'content');
  info.end();
  return readSignedDataBody(content);
}

function readSignedDataBody(node: Asn1Node): SignedData {
  const fields = fieldsOf(node, 'SignedData');
  const version = smallIntegerOf(fields.take(tag.integer, 'version'));
  if (version < 1 || version > 5) throw new Asn1Error(`Version ${version} of SignedData`);
  fields.take(tag.set, 'digestAlgorithms');
  const content = readContent(fields.take(tag.sequence, 'encapContentInfo'));
  const certificates = fields.optional(0xa0);
  const revocation = fields.optional(0xa1);
  const signers = childrenOf(fields.take(tag.set, 'signerInfos'));
  fields.end();
  if (signers.length > most_signers) throw new Asn1Error(`${signers.length} signers`);
  return {
    ...content,
    certificates: certificates ? readCertificates(certificates) : [],
    ...readRevocation(revocation),
    signer_infos: signers.map(readSignerInfo),
  };
}

function readContent(node: Asn1Node): { content_type: string; content: Uint8Array | undefined } {
  const fields = fieldsOf(node, 'EncapsulatedContentInfo');
  const content_type = oidOf(fields.take(tag.oid, 'eContentType'));
  const content = fields.optional(0xa0);
  fields.end();
  return { content_type, content: content && octetsOf(insideOf(content, 'eContent')) };
}

/** Only plain certificates; attribute certificates and the like (CertificateChoices) are passed over. */
function readCertificates(set: Asn1Node): Uint8Array[] {
  const found = childrenOf(set).filter((choice) => choice.id === tag.sequence);
  if (found.length > most_certificates) throw new Asn1Error(`${found.length} certificates`);
  return found.map(bytesOf);
}

function readRevocation(set: Asn1Node | undefined): { crls: Uint8Array[]; ocsp_responses: Uint8Array[] } {
  const choices = set ? childrenOf(set) : [];
  const crls = choices.filter((choice) => choice.id === tag.sequence).map(bytesOf);
  const others = choices.filter((choice) => choice.id === 0xa1).map(readOtherRevocation);
  return { crls, ocsp_responses: others.filter((response) => response !== undefined) };
}

/** OtherRevocationInfoFormat with an OCSP response (RFC 5940 §2.1). */
function readOtherRevocation(node: Asn1Node): Uint8Array | undefined {
  const fields = fieldsOf(node, 'OtherRevocationInfoFormat', 0xa1);
  const format = oidOf(fields.take(tag.oid, 'otherRevInfoFormat'));
  const info = fields.takeAny('otherRevInfo');
  return format === oids.ocsp_revocation_info ? bytesOf(info) : undefined;
}
