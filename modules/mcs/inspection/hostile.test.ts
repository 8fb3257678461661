import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { jpegSegment, sampleJpeg, samplePdf } from '../sample-documents.ts';
import { type Flaw, inspect } from './index.ts';

// What is hidden where another reader would find it: each hiding place has its flaw, and no dress makes a script pass.

const rules = { max_bytes: 10 * 1024 * 1024 };
const jpeg = sampleJpeg();

async function flawOf(bytes: Buffer): Promise<Flaw | 'none'> {
  const verdict = await inspect(bytes, bytes[0] === 0xff ? 'image/jpeg' : 'application/pdf', rules);
  return verdict.accepted ? 'none' : verdict.flaw;
}

function withStream(members: string, content: Buffer): Buffer {
  return samplePdf({ objects: [{ dictionary: `<< ${members} /Length ${content.length} >>`, content }] });
}

const script = '<< /S /JavaScript /JS (app.alert(1)) >>';
const megabytes = (count: number) => Buffer.alloc(count * 1024 * 1024);
const toHex = (bytes: Buffer) => Buffer.from(`${bytes.toString('hex')}>`);

/** §7.4.3, for tests: groups of four bytes as five characters. */
function toBase85(bytes: Buffer): Buffer {
  const padded = Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
  let text = '';
  for (let at = 0; at < padded.length; at += 4) {
    let value = padded.readUInt32BE(at);
    let group = '';
    for (let digit = 0; digit < 5; digit += 1, value = Math.floor(value / 85))
      group = String.fromCharCode((value % 85) + 0x21) + group;
    text += group;
  }
  return Buffer.from(`${text}~>`);
}

/** LZW data of zeros: every code is one longer than the one before, until the table is full and cleared. */
function lzwZeros(rounds: number): Buffer {
  const bytes: number[] = [];
  let [held, bits] = [0, 0];
  const put = (code: number, width: number) => {
    held = (held << width) | code;
    for (bits += width; bits >= 8; bits -= 8) bytes.push((held >> (bits - 8)) & 0xff);
    held &= (1 << bits) - 1;
  };
  const widthAt = (next: number) => (next >= 2047 ? 12 : next >= 1023 ? 11 : next >= 511 ? 10 : 9);
  for (let round = 0; round < rounds; round += 1) {
    put(256, round === 0 ? 9 : 12);
    put(0, 9);
    for (let next = 258; next < 4095; next += 1) put(next, widthAt(next));
  }
  put(257, 12);
  return Buffer.from([...bytes, held << (8 - bits)]);
}

describe('a PDF', () => {
  const inner = Buffer.from(`7 0 ${script}`);
  const objects = (members: string, content = deflateSync(inner)) => withStream(`/N 1 /First 4 ${members}`, content);
  const page = '1 0 obj << /S /JavaScript >> endobj';
  const cases: [string, Buffer, Flaw][] = [
    [
      'a bomb behind hex digits',
      withStream('/Filter [/ASCIIHexDecode /FlateDecode]', toHex(deflateSync(megabytes(300)))),
      'bomb',
    ],
    ['a bomb behind base 85', withStream('/Filter [/A85 /Fl]', toBase85(deflateSync(megabytes(300)))), 'bomb'],
    ['a bomb of LZW', withStream('/Filter /LZWDecode', lzwZeros(40)), 'bomb'],
    ['a bomb of runs', withStream('/Filter /RL', Buffer.alloc(5_000_000, 129)), 'bomb'],
    ['objects in a stream that does not say so', objects('/Filter /FlateDecode'), 'active_content'],
    ['objects in a stream whose type is elsewhere', objects('/Type 9 0 R /Filter /FlateDecode'), 'active_content'],
    ['objects in a stream that says it is something else', objects('/Type /Metadata', inner), 'active_content'],
    [
      'objects behind a predictor',
      objects('/Type /ObjStm /Filter /Fl /DecodeParms << /Predictor 12 >>'),
      'structure_invalid',
    ],
    [
      'objects behind two filters',
      objects('/Type /ObjStm /Filter [/AHx /Fl]', toHex(deflateSync(inner))),
      'structure_invalid',
    ],
    ['a stream with two types', objects('/Type /Metadata /Type /ObjStm /Filter /FlateDecode'), 'structure_invalid'],
    ['a stream with a filter of nobody', withStream('/Filter /Swell', Buffer.from('x')), 'structure_invalid'],
    ['an encrypted stream', withStream('/Filter /Crypt', Buffer.from('x')), 'encrypted'],
    [
      'a picture whose size is elsewhere',
      withStream('/Subtype /Image /Width 9 0 R /Height 9 0 R', jpeg),
      'structure_invalid',
    ],
    ['an object in a string', samplePdf({ catalogue: `/Title (${page})` }), 'polyglot'],
    ['an object in a remark', samplePdf({ catalogue: `%${page}\n` }), 'polyglot'],
    ['an object in a picture', withStream('/Subtype /Image', Buffer.from(`\0${page}`)), 'polyglot'],
    ['a trailer with two keys of one name', twoRoots(), 'structure_invalid'],
  ];
  for (const [what, bytes, flaw] of cases)
    test(`with ${what} is refused`, async () => assert.equal(await flawOf(bytes), flaw));

  test('with streams behind every known filter is taken', async () => {
    const text = Buffer.from('BT (x) Tj ET'.repeat(100));
    const streams: [string, Buffer][] = [
      ['/ASCIIHexDecode', toHex(text)],
      ['[/ASCII85Decode /FlateDecode]', toBase85(deflateSync(text))],
      ['/LZWDecode', lzwZeros(2)],
      ['/RunLengthDecode', Buffer.concat([Buffer.from([255]), text.subarray(0, 1), Buffer.from([128])])],
      ['[/FlateDecode /DCTDecode]', deflateSync(jpeg)],
      ['[ ]', text],
    ];
    for (const [filter, content] of streams)
      assert.equal(await flawOf(withStream(`/Filter ${filter}`, content)), 'none', filter);
    const objects_in_stream = deflateSync(Buffer.from('7 0 << /Type /Font >>'));
    assert.equal(
      await flawOf(withStream('/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode', objects_in_stream)),
      'none',
    );
  });
});

function twoRoots(): Buffer {
  const text = samplePdf().toString('latin1');
  return Buffer.from(text.replace('/Root 1 0 R', '/Root 1 0 R /Encrypt null /Encrypt 9 0 R'), 'latin1');
}

describe('a JPEG', () => {
  const table = Buffer.concat([Buffer.from([0x00, 1, ...Array(15).fill(0), 0]), Buffer.from('more')]);
  const in_scan = Buffer.concat([jpeg.subarray(0, -2), Buffer.from('%PDF-1.4\n1 0 obj'), jpeg.subarray(-2)]);
  const cases: [string, Buffer, Flaw][] = [
    ['whose compressed bytes begin a PDF', in_scan, 'polyglot'],
    [
      'whose compressed bytes begin a page',
      Buffer.concat([jpeg.subarray(0, -2), Buffer.from('<HTML>'), jpeg.subarray(-2)]),
      'polyglot',
    ],
    ['with bytes in a Huffman table', sampleJpeg({ segments: [[0xc4, table]] }), 'structure_invalid'],
    ['with a Huffman table of nothing', sampleJpeg({ segments: [[0xc4, Buffer.alloc(0)]] }), 'structure_invalid'],
    ['with bytes in a quantisation table', sampleJpeg({ segments: [[0xdb, Buffer.alloc(70)]] }), 'structure_invalid'],
    ['with bytes in a restart interval', sampleJpeg({ segments: [[0xdd, Buffer.alloc(60)]] }), 'structure_invalid'],
    [
      'with a segment that nobody knows',
      Buffer.concat([jpeg.subarray(0, 2), jpegSegment(0xf0, Buffer.from('x')), jpeg.subarray(2)]),
      'structure_invalid',
    ],
    [
      'coded arithmetically',
      sampleJpeg({ segments: [[0xc9, Buffer.from([8, 0, 8, 0, 8, 1, 1, 0x11, 0])]] }),
      'structure_invalid',
    ],
  ];
  for (const [what, bytes, flaw] of cases)
    test(`${what} is refused`, async () => assert.equal(await flawOf(bytes), flaw));
});

describe('a script', () => {
  const names = [
    'JavaScript',
    'JS',
    'Launch',
    'EmbeddedFile',
    'RichMedia',
    'XFA',
    'SubmitForm',
    'ImportData',
    'GoToE',
    'Rendition',
  ];
  /** Any character of a name may be written as `#xx` (§7.3.5), in either case of the digits. */
  const dressedName = fc.constantFrom(...names).chain((name) =>
    fc
      .array(fc.constantFrom('plain', 'lower', 'upper'), { minLength: name.length, maxLength: name.length })
      .map((dress) =>
        [...name]
          .map((char, at) => {
            const hex = char.charCodeAt(0).toString(16);
            return dress[at] === 'plain' ? char : `#${dress[at] === 'lower' ? hex : hex.toUpperCase()}`;
          })
          .join(''),
      ),
  );
  const blank = fc.constantFrom(' ', '\n', '\r\n', '\t', '\0', ' % a remark\n', '  ');
  const dressed = fc
    .tuple(dressedName, blank, blank, fc.nat({ max: 20 }), fc.constantFrom('name', 'key'))
    .map(([name, before, after, depth, place]) => {
      const action = place === 'name' ? `<<${before}/S${after}/${name}>>` : `<<${before}/${name}${after}(x)>>`;
      return `${'['.repeat(depth)}${action}${']'.repeat(depth)}`;
    });
  const places: Record<string, (value: string) => Buffer> = {
    'the catalogue': (value) => samplePdf({ catalogue: `/OpenAction ${value}` }),
    'an object': (value) => samplePdf({ objects: [{ dictionary: value }] }),
    'a dictionary of a stream': (value) => withStream(`/Action ${value}`, Buffer.from('x')),
    'an object stream': (value) => withStream('/Type /ObjStm /N 1 /First 4', Buffer.from(`7 0 ${value}`)),
    'a compressed object stream': (value) =>
      withStream('/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode', deflateSync(Buffer.from(`7 0 ${value}`))),
    'a later version': (value) => {
      const before = samplePdf();
      const update = `3 0 obj\n<< /AA ${value} >>\nendobj\n`;
      const row = `${String(before.length).padStart(10, '0')} 00000 n \n`;
      const table = `xref\n3 1\n${row}trailer\n<< /Root 1 0 R >>\nstartxref\n${before.length + update.length}\n%%EOF\n`;
      return Buffer.concat([before, Buffer.from(update + table)]);
    },
  };
  for (const [where, put] of Object.entries(places)) {
    test(`in ${where} is found in any dress`, async () => {
      await fc.assert(
        fc.asyncProperty(dressed, async (value) => {
          assert.equal(await flawOf(put(value)), 'active_content', value);
        }),
        { numRuns: 300 },
      );
    });
  }
});
