import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  createCertificateAuthority,
  issueCertificate,
  type KeyAlgorithm,
  openTrustList,
  signXml,
  TrustListError,
  type TrustListFlaw,
  type TrustListProof,
} from '../index.ts';
import { XmlSignatureError, type XmlSignatureFlaw } from '../xml/xml-signature.ts';

// A trust list decides who is a doctor: it is believed only as the scheme operator signed it, or byte for byte as our operator saw it.

const at = new Date('2026-06-15T12:00:00Z');
const validity = { not_before: new Date('2020-01-01'), not_after: new Date('2035-01-01') };
const authority = createCertificateAuthority({ name: 'Надавач', ...validity });
const rogue = createCertificateAuthority({ name: 'Надавач', ...validity });

function operator(algorithm: KeyAlgorithm = 'ecdsa-p256', times = validity) {
  const root = createCertificateAuthority({ name: 'Центральний засвідчувальний орган', algorithm, ...times });
  return issueCertificate(root, { common_name: 'Trust list', usage: 'stamp', algorithm, ...times });
}
const scheme_operator = operator();

function serviceOf(certificate: Uint8Array): string {
  const uri = 'http://uri.etsi.org/TrstSvc';
  return `<TrustServiceProviderList><TrustServiceProvider><TSPServices><TSPService><ServiceInformation>
    <ServiceTypeIdentifier>${uri}/Svctype/CA/QC</ServiceTypeIdentifier><ServiceDigitalIdentity><DigitalId><X509Certificate>
    ${Buffer.from(certificate).toString('base64')}</X509Certificate></DigitalId></ServiceDigitalIdentity>
    <ServiceStatus>${uri}/TrustedList/Svcstatus/granted</ServiceStatus><StatusStartingTime>2020-01-01T00:00:00Z</StatusStartingTime>
    </ServiceInformation></TSPService></TSPServices></TrustServiceProvider></TrustServiceProviderList>`;
}

function unsigned({ next_update = '2026-12-01T00:00:00Z', certificate = authority.certificate } = {}): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
    <TrustServiceStatusList xmlns="http://uri.etsi.org/02231/v2#" Id="list"><SchemeInformation><TSLSequenceNumber>7</TSLSequenceNumber>
    <ListIssueDateTime>2026-06-01T00:00:00Z</ListIssueDateTime><NextUpdate>${next_update ? `<dateTime>${next_update}</dateTime>` : ''}</NextUpdate>
    </SchemeInformation>${serviceOf(certificate)}</TrustServiceStatusList>`;
}

const bytes = (text: string) => new TextEncoder().encode(text);
const signed = (list = unsigned(), signer = scheme_operator, signing_time = new Date('2026-06-01')) =>
  Buffer.from(signXml(bytes(list), signer, { signing_time })).toString();
const by = (...signers: { certificate: Uint8Array }[]): TrustListProof => ({
  signers: signers.map(({ certificate }) => certificate),
});
const open = (list: string, proof = by(scheme_operator), when = at) => openTrustList(bytes(list), proof, when);

/** Another character of base64 in the place of the first that is found. */
const spoil = (list: string, where: RegExp) => list.replace(where, (found) => (found === 'A' ? 'B' : 'A'));

function refused(list: string, flaw: TrustListFlaw, why?: XmlSignatureFlaw, proof = by(scheme_operator), when = at) {
  assert.throws(
    () => open(list, proof, when),
    (error) => {
      assert.ok(error instanceof TrustListError, String(error));
      const cause = error.cause instanceof XmlSignatureError ? error.cause.flaw : undefined;
      assert.deepEqual([error.flaw, cause], [flaw, why], error.message);
      return true;
    },
  );
}

test('a list signed by the scheme operator is opened, by national algorithms as well', () => {
  for (const algorithm of [
    'ecdsa-p256',
    'ecdsa-p384',
    'rsa-3072',
    'dstu-257',
    'dstu-431',
    'dstu-257-kupyna',
  ] as const) {
    const signer = operator(algorithm);
    const list = open(signed(unsigned(), signer), by(scheme_operator, signer));
    assert.equal(list.anchors[0]?.certificate.subject_name.get('2.5.4.3')?.[0], 'Надавач', algorithm);
  }
});

test('white space between signature and list may be other, the list itself may not', () => {
  const list = signed();
  assert.equal(
    open(`${list.replace('<?xml version="1.0" encoding="UTF-8"?>', '<!-- fetched -->')}\n`).anchors.length,
    1,
  );
  const altered: [what: string, list: string][] = [
    ['a number', list.replace('<TSLSequenceNumber>7', '<TSLSequenceNumber>8')],
    ['another authority', list.replace(serviceOf(authority.certificate), serviceOf(rogue.certificate))],
    [
      'one authority more',
      list.replace('</TSPServices>', `${/<TSPService>.*<\/TSPService>/s.exec(list)?.[0]}</TSPServices>`),
    ],
    ['one less', list.replace(/<TSPService>.*<\/TSPService>/s, '')],
    ['later next update', list.replace('2026-12-01', '2036-12-01')],
    ['a second list before', list.replace('<SchemeInformation>', `${serviceOf(rogue.certificate)}<SchemeInformation>`)],
    ['the claimed signing time', list.replace('SigningTime>2026', 'SigningTime>2025')],
    ['the certificate in the properties', spoil(list, /(?<=CertDigest>.*?<ds:DigestValue>)./)],
  ];
  for (const [what, one] of altered) {
    assert.notEqual(one, list, what);
    refused(one, 'signature', 'altered');
  }
});

test('the signature itself altered, another signer, none, two, a forged certificate inside: refused', () => {
  const list = signed();
  refused(spoil(list, /(?<=<ds:SignatureValue>)./), 'signature', 'signer');
  refused(spoil(list, /(?<=<ds:DigestValue>)./), 'signature', 'altered');
  refused(list, 'signature', 'signer', by(operator()));
  refused(list, 'signature', 'signer', by());
  refused(unsigned(), 'signature', 'unsigned');
  refused(list.replace(/<ds:Signature .*<\/ds:Signature>/s, '$&$&'), 'signature', 'format');
  // Whoever made the list put a certificate of his own into it; nothing of KeyInfo is believed.
  const stranger = operator();
  refused(signed(unsigned({ certificate: rogue.certificate }), stranger), 'signature', 'signer');
  const other = issueCertificate(authority, { common_name: 'Other' });
  refused(signed(unsigned(), { ...other, certificate: scheme_operator.certificate }), 'signature', 'signer');
});

test('signature wrapping: what is signed elsewhere in the document is not the list that is read', () => {
  const list = signed();
  const signature = /<ds:Signature .*<\/ds:Signature>/s.exec(list)![0];
  const evil = unsigned({ certificate: rogue.certificate });
  const inside = (text: string) => evil.replace('</TrustServiceStatusList>', `${text}</TrustServiceStatusList>`);
  const whole = list.replace(/^<\?xml.*\?>/, '');
  // The true list as an object of its own signature, the false one around it.
  const referred = signature
    .replace('URI=""', 'URI="#list"')
    .replace('</ds:Signature>', `<ds:Object>${whole}</ds:Object></ds:Signature>`);
  refused(inside(referred), 'signature', 'reference');
  refused(inside(referred).replace('Id="list"', 'Id="other"'), 'signature', 'reference');
  // The true list beside the false one, under the false root.
  refused(inside(signature + whole), 'signature', 'altered');
  // The signature is not a child of the root.
  refused(inside(`<Extension>${signature}</Extension>`), 'signature', 'unsigned');
  // The reference to the list is left to another element, or to none.
  refused(list.replace('URI=""', 'URI="#signed-properties"'), 'signature', 'reference');
  refused(list.replace('URI="#signed-properties"', 'URI=""'), 'signature', 'reference');
  refused(list.replace('URI=""', 'URI="http://elsewhere.example/list.xml"'), 'signature', 'reference');
  refused(list.replace(' URI=""', ''), 'signature', 'reference');
  refused(list.replace(/<ds:Reference URI="".*?<\/ds:Reference>/s, ''), 'signature', 'reference');
  // Two elements of the name that is signed.
  const twice = unsigned().replace('<SchemeInformation>', '<SchemeInformation Id="signed-properties">');
  refused(signed(twice), 'signature', 'reference');
});

test('transforms, canonical forms and algorithms that are not expected are refused', () => {
  const list = signed();
  const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#';
  const first = `<ds:Transform Algorithm="${exclusive}"></ds:Transform>`;
  refused(
    list.replace(first, '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"/>'),
    'signature',
    'algorithm',
  );
  refused(list.replace(first, first + first), 'signature', 'reference');
  refused(list.replace('xmldsig#enveloped-signature', 'xmldsig#base64'), 'signature', 'reference');
  refused(list.replace('xmldsig-more#ecdsa-sha256', 'xmldsig-more#hmac-sha256'), 'signature', 'algorithm');
  refused(list.replace('2001/04/xmldsig-more#ecdsa-sha256', '2000/09/xmldsig#rsa-sha1'), 'signature', 'algorithm');
  refused(list.replace('xmlenc#sha256', 'xmlenc#md5'), 'signature', 'algorithm');
  refused(list.replace('xmldsig-more#ecdsa-sha256', 'xmldsig-more#rsa-sha256'), 'signature', 'signer');
  refused(list.replace(/<ds:Object>.*<\/ds:Object>/s, ''), 'signature', 'format');
});

test('a list beyond its next update is not used, nor one without, nor one signed outside of its signer’s time', () => {
  const list = signed();
  refused(list, 'expired', undefined, by(scheme_operator), new Date('2026-12-02'));
  refused(signed(unsigned({ next_update: '' })), 'expired');
  refused(signed(unsigned(), scheme_operator, new Date('2036-01-01')), 'signature', 'time');
});

test('a list may be pinned by its hash instead: these bytes and no others', () => {
  const list = unsigned();
  const sha256 = hash('sha256', list);
  assert.equal(open(list, { sha256 }).anchors.length, 1);
  assert.equal(open(list, { sha256: sha256.toUpperCase() }).sha256, sha256);
  refused(`${list} `, 'bytes_differ', undefined, { sha256 });
  refused(list, 'expired', undefined, { sha256 }, new Date('2026-12-02'));
});

test('whatever happens to a signed list on its way: refused, or the same list', () => {
  const list = bytes(signed());
  const fingerprint = (one: Uint8Array) =>
    openTrustList(one, by(scheme_operator), at).anchors.map(({ certificate }) => certificate.sha256);
  const expected = fingerprint(list);
  const change = fc.record({
    at: fc.nat(list.length - 1),
    cut: fc.nat(40),
    put: fc.oneof(
      fc.constantFrom(
        '',
        ' ',
        '<',
        '>',
        '/>',
        '<!--',
        '-->',
        '<![CDATA[',
        ']]>',
        '&#x41;',
        'xmlns=""',
        '<ds:Signature/>',
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
    ),
  });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      const altered = changes.reduce<Uint8Array>(
        (one, { at: where, cut, put }) =>
          Buffer.concat([one.subarray(0, where), Buffer.from(put), one.subarray(where + cut)]),
        list,
      );
      try {
        assert.deepEqual(fingerprint(altered), expected);
      } catch (error) {
        if (!(error instanceof TrustListError)) throw error;
      }
    }),
    { numRuns: 2_000 },
  );
});
