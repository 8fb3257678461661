import { readAsn1 } from '../asn1/reader.ts';
import { readAlgorithm } from '../crypto/algorithm-identifier.ts';
import { digest } from '../crypto/digests.ts';
import { canonicalXml } from '../xml/canonical-xml.ts';
import { signatureToXml, uriOf } from '../xml/xml-algorithms.ts';
import { childNamed, readXml, type XmlElement } from '../xml/xml-reader.ts';
import type { Signatory } from './sign.ts';
import { readSigningKey } from './signing-keys.ts';

const dsig = 'http://www.w3.org/2000/09/xmldsig#';
const xades = 'http://uri.etsi.org/01903/v1.3.2#';
const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#';

/**
 * Signs an XML document as trust lists are signed (ETSI TS 119 612 annex B): an enveloped XAdES signature, exclusive canonical
 * form, as the last child of the root. For development and tests.
 */
export function signXml(
  document: Uint8Array,
  { certificate, private_key }: Signatory,
  { signing_time = new Date() }: { signing_time?: Date } = {},
): Uint8Array {
  const key = readSigningKey(private_key);
  const algorithm = readAlgorithm(readAsn1(key.signature_algorithm)).oid;
  const digested = (bytes: Uint8Array) =>
    `<ds:DigestMethod Algorithm="${uriOf('digest', key.digest)}"></ds:DigestMethod>` +
    `<ds:DigestValue>${base64(digest(key.digest, bytes)!)}</ds:DigestValue>`;
  const reference = (attributes: string, transforms: string[], element: XmlElement, without?: XmlElement) => {
    const octets = Buffer.from(canonicalXml(element, { exclusive: true, ...(without ? { without } : {}) }));
    return `<ds:Reference ${attributes}><ds:Transforms>${transforms.map(transform).join('')}</ds:Transforms>${digested(octets)}</ds:Reference>`;
  };
  const properties = signedProperties(digested(certificate), signing_time);
  const empty = readXml(envelope(document, '', '', { properties, certificate }));
  const signature = childNamed(empty, dsig, 'Signature')!;
  const covered = [
    reference('URI=""', [`${dsig}enveloped-signature`, exclusive], empty, signature),
    reference(
      'Type="http://uri.etsi.org/01903#SignedProperties" URI="#signed-properties"',
      [exclusive],
      propertiesOf(signature),
    ),
  ];
  const signed_info =
    `<ds:CanonicalizationMethod Algorithm="${exclusive}"></ds:CanonicalizationMethod>` +
    `<ds:SignatureMethod Algorithm="${uriOf('signature', algorithm)}"></ds:SignatureMethod>${covered.join('')}`;
  const unsigned = readXml(envelope(document, signed_info, '', { properties, certificate }));
  const message = canonicalXml(childNamed(childNamed(unsigned, dsig, 'Signature')!, dsig, 'SignedInfo')!, {
    exclusive: true,
  });
  const value = base64(signatureToXml(algorithm, key.sign(Buffer.from(message))));
  return envelope(document, signed_info, value, { properties, certificate });
}

function transform(algorithm: string): string {
  return `<ds:Transform Algorithm="${algorithm}"></ds:Transform>`;
}

function signedProperties(certificate_digest: string, signing_time: Date): string {
  return (
    `<xades:SignedProperties Id="signed-properties"><xades:SignedSignatureProperties>` +
    `<xades:SigningTime>${signing_time.toISOString()}</xades:SigningTime><xades:SigningCertificateV2><xades:Cert>` +
    `<xades:CertDigest>${certificate_digest}</xades:CertDigest></xades:Cert></xades:SigningCertificateV2>` +
    `</xades:SignedSignatureProperties></xades:SignedProperties>`
  );
}

function propertiesOf(signature: XmlElement): XmlElement {
  const qualifying = childNamed(childNamed(signature, dsig, 'Object')!, xades, 'QualifyingProperties')!;
  return childNamed(qualifying, xades, 'SignedProperties')!;
}

/** The document with the signature before the end tag of its root. */
function envelope(
  document: Uint8Array,
  signed_info: string,
  value: string,
  { properties, certificate }: { properties: string; certificate: Uint8Array },
): Uint8Array {
  const source = new TextDecoder().decode(document);
  const end = source.lastIndexOf('</');
  const signature =
    `<ds:Signature xmlns:ds="${dsig}" Id="signature"><ds:SignedInfo>${signed_info}</ds:SignedInfo>` +
    `<ds:SignatureValue>${value}</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>${base64(certificate)}` +
    `</ds:X509Certificate></ds:X509Data></ds:KeyInfo><ds:Object><xades:QualifyingProperties xmlns:xades="${xades}" Target="#signature">` +
    `${properties}</xades:QualifyingProperties></ds:Object></ds:Signature>`;
  return new TextEncoder().encode(source.slice(0, end) + signature + source.slice(end));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
