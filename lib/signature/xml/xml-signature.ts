import { sameBytes } from '../asn1/values.ts';
import { digest } from '../crypto/digests.ts';
import { verifySignature } from '../crypto/verify-signature.ts';
import type { Certificate } from '../x509/certificate.ts';
import { type Canonicalization, canonicalXml } from './canonical-xml.ts';
import { digestOfUri, signatureFromXml, signatureOfUri } from './xml-algorithms.ts';
import { attributeOf, childNamed, childrenNamed, textOf, type XmlElement } from './xml-reader.ts';

/** Why an XML signature is not believed. */
export type XmlSignatureFlaw = 'unsigned' | 'format' | 'algorithm' | 'reference' | 'altered' | 'signer' | 'time';

export class XmlSignatureError extends Error {
  readonly code = 'xml_signature_error';
  readonly flaw: XmlSignatureFlaw;
  constructor(flaw: XmlSignatureFlaw, message: string) {
    super(message);
    this.name = 'XmlSignatureError';
    this.flaw = flaw;
  }
}

const dsig = 'http://www.w3.org/2000/09/xmldsig#';
const xades = 'http://uri.etsi.org/01903/v1.3.2#';
const enveloped = `${dsig}enveloped-signature`;
const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const inclusive = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315';

/**
 * Verifies that a whole document is signed by one of these certificates: an enveloped XAdES signature (XML-DSig, ETSI EN 319
 * 132-1) that is a child of the root, covers the root without itself, and names its certificate. Nothing of `KeyInfo` is
 * believed. @returns the certificate that signed. Throws XmlSignatureError.
 */
export function verifyEnvelopedSignature(root: XmlElement, signers: readonly Certificate[]): Certificate {
  const [signature, ...others] = childrenNamed(root, dsig, 'Signature');
  if (!signature) throw new XmlSignatureError('unsigned', 'The document is not signed');
  if (others.length > 0) throw new XmlSignatureError('format', 'The document is signed more than once');
  const signed_info = need(signature, 'SignedInfo');
  const properties = signedProperties(signature);
  checkReferences(root, { signature, signed_info, properties });
  const signer = findSigner({ signature, signed_info }, signers);
  checkProperties(properties, signer);
  return signer;
}

function need(parent: XmlElement, local: string, namespace = dsig): XmlElement {
  const [found, ...others] = childrenNamed(parent, namespace, local);
  if (!found || others.length > 0) throw new XmlSignatureError('format', `${parent.local} has not one ${local}`);
  return found;
}

function algorithmOf(element: XmlElement): string {
  return attributeOf(element, 'Algorithm') ?? '';
}

function signedProperties(signature: XmlElement): XmlElement {
  for (const object of childrenNamed(signature, dsig, 'Object')) {
    const qualifying = childNamed(object, xades, 'QualifyingProperties');
    if (qualifying) return need(qualifying, 'SignedProperties', xades);
  }
  throw new XmlSignatureError('format', 'The signature has no signed properties: it is not XAdES');
}

type Parts = { signature: XmlElement; signed_info: XmlElement; properties: XmlElement };

/** One reference to the root and one to the signed properties; further ones may only lie inside the signature itself. */
function checkReferences(root: XmlElement, { signature, signed_info, properties }: Parts): void {
  const references = childrenNamed(signed_info, dsig, 'Reference');
  if (references.length < 2 || references.length > 4)
    throw new XmlSignatureError('reference', 'The signature covers not both the document and its properties');
  const targets = references.map((reference) => {
    const target = resolve(root, attributeOf(reference, 'URI'));
    checkReference(reference, target, target === root ? signature : undefined);
    return target;
  });
  for (const due of [root, properties])
    if (targets.filter((target) => target === due).length !== 1)
      throw new XmlSignatureError('reference', 'The signature covers not both the document and its properties');
  if (targets.some((target) => target !== root && !isWithin(target, signature)))
    throw new XmlSignatureError('reference', 'The signature covers another part of the document');
}

/** An element by its identifier, which nothing else may bear: otherwise one could be signed and another read. */
function resolve(root: XmlElement, uri: string | undefined): XmlElement {
  if (uri === '') return root;
  const id = uri?.startsWith('#') ? uri.slice(1) : undefined;
  const found = id ? elementsWithId(root, id) : [];
  if (found.length !== 1) throw new XmlSignatureError('reference', 'A reference names no element, or several');
  return found[0]!;
}

function elementsWithId(root: XmlElement, id: string): XmlElement[] {
  const found: XmlElement[] = [];
  for (let next: XmlElement[] = [root]; next.length > 0; ) {
    found.push(...next.filter((one) => one.attributes.some(({ local, value }) => /^id$/i.test(local) && value === id)));
    next = next.flatMap((one) => one.children.filter((child): child is XmlElement => typeof child !== 'string'));
  }
  return found;
}

function isWithin(element: XmlElement, ancestor: XmlElement): boolean {
  let at: XmlElement | undefined = element;
  while (at && at !== ancestor) at = at.parent;
  return at === ancestor;
}

function checkReference(reference: XmlElement, target: XmlElement, without: XmlElement | undefined): void {
  const transforms = childrenNamed(reference, dsig, 'Transforms').flatMap((all) =>
    childrenNamed(all, dsig, 'Transform'),
  );
  if (without && algorithmOf(transforms.shift() ?? reference) !== enveloped)
    throw new XmlSignatureError('reference', 'The document is not referred to as the signature’s envelope');
  if (transforms.length > 1) throw new XmlSignatureError('reference', 'A reference with other transforms');
  // XML-DSig §4.4.3.2: what no transform made into octets is made so by Canonical XML.
  const how = transforms[0] ? canonicalizationOf(transforms[0]) : { exclusive: false };
  const algorithm = digestOfUri(algorithmOf(need(reference, 'DigestMethod')));
  if (!algorithm) throw new XmlSignatureError('algorithm', 'A digest that is not accepted');
  const octets = Buffer.from(canonicalXml(target, without ? { ...how, without } : how));
  if (!sameBytes(digest(algorithm, octets)!, base64Of(need(reference, 'DigestValue'))))
    throw new XmlSignatureError('altered', 'The document is not what was signed');
}

function canonicalizationOf(method: XmlElement): Canonicalization {
  const algorithm = algorithmOf(method);
  if (algorithm === inclusive) return { exclusive: false };
  if (algorithm !== exclusive) throw new XmlSignatureError('algorithm', 'A canonical form that is not accepted');
  const inclusions = childNamed(method, exclusive, 'InclusiveNamespaces');
  const listed = (inclusions && attributeOf(inclusions, 'PrefixList')) ?? '';
  const prefixes = listed.split(' ').filter((prefix) => prefix !== '');
  return { exclusive: true, prefixes: prefixes.map((prefix) => (prefix === '#default' ? '' : prefix)) };
}

function base64Of(element: XmlElement): Uint8Array {
  const text = textOf(element)?.replaceAll(/\s/g, '');
  if (!text || !/^[A-Za-z0-9+/]+={0,2}$/.test(text))
    throw new XmlSignatureError('format', `${element.local} is no base64`);
  return new Uint8Array(Buffer.from(text, 'base64'));
}

function findSigner(
  { signature, signed_info }: Omit<Parts, 'properties'>,
  signers: readonly Certificate[],
): Certificate {
  const algorithm = signatureOfUri(algorithmOf(need(signed_info, 'SignatureMethod')));
  if (!algorithm) throw new XmlSignatureError('algorithm', 'A signature algorithm that is not accepted');
  const form = canonicalXml(signed_info, canonicalizationOf(need(signed_info, 'CanonicalizationMethod')));
  const value = signatureFromXml(algorithm, base64Of(need(signature, 'SignatureValue')));
  const message = Buffer.from(form);
  const signer = signers.find(
    ({ public_key: key }) => verifySignature({ key, algorithm, message, signature: value }).outcome === 'valid',
  );
  if (!signer)
    throw new XmlSignatureError('signer', 'The document is not signed by a certificate that is configured for it');
  return signer;
}

/** EN 319 132-1 §5.2: the first certificate digest is the signer's, and the claimed time lies in its validity. */
function checkProperties(properties: XmlElement, signer: Certificate): void {
  const signature_properties = need(properties, 'SignedSignatureProperties', xades);
  const reference = ['SigningCertificateV2', 'SigningCertificate']
    .flatMap((local) => childrenNamed(signature_properties, xades, local))
    .map((list) => childNamed(list, xades, 'Cert'))[0];
  if (!reference) throw new XmlSignatureError('signer', 'The signed properties do not name the certificate');
  const named = need(reference, 'CertDigest', xades);
  const algorithm = digestOfUri(algorithmOf(need(named, 'DigestMethod')));
  if (!algorithm) throw new XmlSignatureError('algorithm', 'A digest that is not accepted');
  if (!sameBytes(digest(algorithm, signer.der)!, base64Of(need(named, 'DigestValue'))))
    throw new XmlSignatureError('signer', 'The signed properties name another certificate');
  const signed_at = new Date(textOf(need(signature_properties, 'SigningTime', xades)) ?? '');
  const is_inside = signer.not_before <= signed_at && signed_at <= signer.not_after;
  if (!is_inside) throw new XmlSignatureError('time', 'The signer’s certificate was not valid at the signing time');
}
