import { oids } from '../asn1/oids.ts';
import { Asn1Error, type Asn1Node, bytesOf, childrenOf, readAsn1 } from '../asn1/reader.ts';
import { expectTag, fieldsOf, insideOf, octetsOf, tag } from '../asn1/values.ts';
import { context, element, integer, oid, sequence, setOf } from '../asn1/writer.ts';
import { readAlgorithm } from '../crypto/algorithm-identifier.ts';
import { sha256Hex } from '../crypto/digests.ts';
import type { RevocationData } from '../revocation/revocation-data.ts';

/** What is added to a container; its signed parts stay as they are, byte for byte. */
export type Additions = {
  /** Given the signature value of each SignerInfo of the outermost envelope, its time-stamp tokens. */
  time_stamps?: (signature: Uint8Array, index: number) => Uint8Array[];
  certificates?: Uint8Array[];
  revocation?: RevocationData;
};

/**
 * Writes an upgraded container: signature time-stamps among the unsigned attributes, certificates and revocation data in
 * SignedData (ETSI EN 319 122-1 §6.3, levels B-T and B-LT). Throws Asn1Error when it is no SignedData.
 */
export function addProofs(container: Uint8Array, additions: Additions): Uint8Array {
  const info = fieldsOf(readAsn1(container, 'BER'), 'ContentInfo');
  info.take(tag.oid, 'contentType');
  const fields = fieldsOf(insideOf(info.take(0xa0, 'content'), 'content'), 'SignedData');
  const version = fields.take(tag.integer, 'version');
  const digests = fields.take(tag.set, 'digestAlgorithms');
  const content = fields.take(tag.sequence, 'encapContentInfo');
  const certificates = joinSets(fields.optional(0xa0), additions.certificates ?? []);
  const revocation = joinSets(fields.optional(0xa1), writeRevocation(additions.revocation ?? {}));
  const signers = childrenOf(fields.take(tag.set, 'signerInfos')).map((signer, index) =>
    addTimeStamps(signer, additions.time_stamps?.(signatureOf(signer), index) ?? []),
  );
  const has_other = (additions.revocation?.ocsp_responses ?? []).length > 0;
  return sequence(
    oid(oids.signed_data),
    context(
      0,
      sequence(
        has_other ? integer(5) : bytesOf(version),
        bytesOf(digests),
        bytesOf(content),
        ...(certificates.length > 0 ? [setOf(certificates, 0xa0)] : []),
        ...(revocation.length > 0 ? [setOf(revocation, 0xa1)] : []),
        element(tag.set, ...signers),
      ),
    ),
  );
}

/** A signature value of the outermost envelope, and the digest that its signer used. */
export type StampedSignature = { signature: Uint8Array; digest_algorithm: string };

/** What time-stamps are asked for. Throws Asn1Error when it is no SignedData. */
export function listSignatures(container: Uint8Array): StampedSignature[] {
  const info = childrenOf(readAsn1(container, 'BER'));
  const signed_data = childrenOf(insideOf(expectTag(info[1], 0xa0, 'content'), 'content'));
  return childrenOf(expectTag(signed_data.at(-1), tag.set, 'signerInfos')).map((signer) => ({
    signature: signatureOf(signer),
    digest_algorithm: readAlgorithm(expectTag(childrenOf(signer)[2], tag.sequence, 'digestAlgorithm')).oid,
  }));
}

function joinSets(present: Asn1Node | undefined, added: Uint8Array[]): Uint8Array[] {
  const all = [...(present ? childrenOf(present).map(bytesOf) : []), ...added];
  return [...new Map(all.map((der) => [sha256Hex(der), der])).values()];
}

/** OCSP answers as OtherRevocationInfoFormat (RFC 5940 §2.1). */
function writeRevocation({ crls, ocsp_responses }: RevocationData): Uint8Array[] {
  const others = (ocsp_responses ?? []).map((response) => context(1, oid(oids.ocsp_revocation_info), response));
  return [...(crls ?? []), ...others];
}

/** Position of the signature: the octet string before the optional unsigned attributes. */
function signatureOf(signer: Asn1Node): Uint8Array {
  const parts = childrenOf(signer).filter((part) => part.id !== 0xa1);
  const last = parts.at(-1);
  if (!last) throw new Asn1Error('An empty SignerInfo');
  return octetsOf(last);
}

function addTimeStamps(signer: Asn1Node, tokens: Uint8Array[]): Uint8Array {
  if (tokens.length === 0) return bytesOf(signer);
  const parts = childrenOf(signer);
  const unsigned = parts.at(-1)?.id === 0xa1 ? parts.at(-1) : undefined;
  const added = tokens.map((token) => sequence(oid(oids.signature_time_stamp), setOf([token])));
  const attributes = setOf([...(unsigned ? childrenOf(unsigned).map(bytesOf) : []), ...added], 0xa1);
  return sequence(...parts.filter((part) => part !== unsigned).map(bytesOf), attributes);
}
