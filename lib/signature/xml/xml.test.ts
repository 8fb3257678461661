import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SignedXml } from 'xml-crypto';
import { createCertificateAuthority, signXml } from '../index.ts';
import { canonicalXml } from './canonical-xml.ts';
import { readXml, XmlError } from './xml-reader.ts';

const read = (text: string) => readXml(new TextEncoder().encode(text));
const canonical = (text: string, exclusive = true) => canonicalXml(read(text), { exclusive });

test('what is not well-formed, or more than is read here, is refused', () => {
  for (const text of [
    '',
    'text',
    '<a>',
    '<a></b>',
    '<a/><b/>',
    '<a/>text',
    '<a b="1" b="2"/>',
    '<a x:b="1"/>',
    '<x:a/>',
    '<a xmlns:x="u" xmlns:y="u" x:b="1" y:b="2"/>',
    '<a xmlns:x=""/>',
    '<a xmlns:xml="urn:other"/>',
    '<a xmlns:xmlns="urn:other"/>',
    '<a xmlns="http://www.w3.org/2000/xmlns/"/>',
    '<a b=1/>',
    '<a b="<"/>',
    '<a b="1"c="2"/>',
    '<a>&unknown;</a>',
    '<a>&amp</a>',
    '<a>&</a>',
    '<a>&#0;</a>',
    '<a>&#xD800;</a>',
    '<a>&#x110000;</a>',
    '<a>]]></a>',
    '<a><!-- -- --></a>',
    '<a><!-- --->x</a>',
    '<a><!-- ',
    `<a><!--${'x '.repeat(5_000_000)}`,
    '<a><![CDATA[</a>',
    '<a>\u0001</a>',
    '<1a/>',
    '<a:b:c xmlns:a="u"/>',
    '<!DOCTYPE a><a/>',
    '<?xml-stylesheet href="x"?><a/>',
    '<a><?php ?></a>',
    ' <?xml version="1.0"?><a/>',
    '<?xml version="1.1"?><a/>',
    '<?xml version="1.0" encoding="windows-1251"?><a/>',
    '<a>'.repeat(65) + '</a>'.repeat(65),
  ])
    assert.throws(() => read(text), XmlError, text.slice(0, 80));
  assert.throws(() => readXml(Uint8Array.of(0x3c, 0xc0, 0x2f, 0x3e)), /Not UTF-8/);
  assert.deepEqual(read(`<a><!--${'x '.repeat(5_000_000)}-->b</a>`).children, ['b']);
  assert.equal(read(`${'<a>'.repeat(64)}${'</a>'.repeat(64)}`).local, 'a');
});

test('the examples of the canonical form: order, namespaces, references, line ends', () => {
  const cases: [xml: string, exclusive: string, inclusive: string][] = [
    ['<?xml version="1.0"?>\n<!-- x --><a/>\n', '<a></a>', '<a></a>'],
    [
      '<a z="1" b:y="2" xmlns:b="urn:b" c:y="3" xmlns:c="urn:a" xmlns:d="urn:d"/>',
      '<a xmlns:b="urn:b" xmlns:c="urn:a" z="1" c:y="3" b:y="2"></a>',
      '<a xmlns:b="urn:b" xmlns:c="urn:a" xmlns:d="urn:d" z="1" c:y="3" b:y="2"></a>',
    ],
    [
      '<a xmlns="urn:1"><b xmlns=""><c xmlns="urn:1"/></b></a>',
      '<a xmlns="urn:1"><b xmlns=""><c xmlns="urn:1"></c></b></a>',
      '<a xmlns="urn:1"><b xmlns=""><c xmlns="urn:1"></c></b></a>',
    ],
    [
      `<a b='"&lt;&#10;\t&#13;'>&lt;&gt;"\r\n&#13;<![CDATA[<&]]></a>`,
      '<a b="&quot;&lt;&#xA; &#xD;">&lt;&gt;"\n&#xD;&lt;&amp;</a>',
      '<a b="&quot;&lt;&#xA; &#xD;">&lt;&gt;"\n&#xD;&lt;&amp;</a>',
    ],
  ];
  for (const [xml, exclusive, inclusive] of cases)
    assert.deepEqual([canonical(xml), canonical(xml, false)], [exclusive, inclusive]);
});

test('of a part: exclusively only what it uses, inclusively all that is in force, with the language', () => {
  const root = read('<a xmlns="urn:1" xmlns:b="urn:b" xml:lang="uk"><b:c d="1"/></a>');
  const part = root.children[0] as typeof root;
  assert.equal(canonicalXml(part, { exclusive: true }), '<b:c xmlns:b="urn:b" d="1"></b:c>');
  assert.equal(
    canonicalXml(part, { exclusive: true, prefixes: [''] }),
    '<b:c xmlns="urn:1" xmlns:b="urn:b" d="1"></b:c>',
  );
  assert.equal(
    canonicalXml(part, { exclusive: false }),
    '<b:c xmlns="urn:1" xmlns:b="urn:b" d="1" xml:lang="uk"></b:c>',
  );
});

const signer = createCertificateAuthority({ name: 'Oracle', algorithm: 'rsa-2048' });

/** Signed documents as others read them: every one that we sign, xml-crypto verifies. */
test('xml-crypto takes the canonical form of any document for the same', () => {
  const name = fc.constantFrom('x', 'y', 'a:x', 'b:y', 'ї');
  const text = fc.string({ unit: fc.constantFrom('<', '&', '>', '"', "'", '\t', '\n', ' ', 'є', 'z'), maxLength: 6 });
  const escaped = text.map((one) => one.replace(/[<&"]/g, (character) => `&#${character.charCodeAt(0)};`));
  const declared = fc.constantFrom(
    '',
    ' xmlns="urn:1"',
    ' xmlns="urn:2"',
    ' xmlns:a="urn:2"',
    ' xmlns:b="urn:1" xmlns:c="urn:c"',
  );
  const { element } = fc.letrec<{ element: string }>((tie) => ({
    element: fc.oneof(
      { maxDepth: 3 },
      escaped,
      fc
        .tuple(name, declared, escaped, escaped, fc.array(tie('element'), { maxLength: 3 }))
        .map(([tag, more, value, inside, parts]) => `<${tag}${more} k="${value}">${inside}${parts.join('')}</${tag}>`),
    ),
  }));
  fc.assert(
    fc.property(element, (inside) => {
      const source = `<root xmlns:a="urn:a" xmlns:b="urn:b">${inside}</root>`;
      const xml = Buffer.from(signXml(new TextEncoder().encode(source), signer)).toString();
      const oracle = new SignedXml({ publicCert: signer.certificate_pem });
      oracle.loadSignature(/<ds:Signature .*<\/ds:Signature>/s.exec(xml)![0]);
      assert.equal(oracle.checkSignature(xml), true, source);
    }),
    { numRuns: 60 },
  );
});
