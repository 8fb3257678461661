import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { jpegSegment, sampleJpeg, samplePdf } from '../sample-documents.ts';
import { type Flaw, inspect } from './index.ts';

const rules = { max_bytes: 10 * 1024 * 1024 };
const jpeg = sampleJpeg();
const pdf = samplePdf();

async function flawOf(bytes: Buffer, type: string): Promise<Flaw | 'none'> {
  const verdict = await inspect(bytes, type, rules);
  return verdict.accepted ? 'none' : verdict.flaw;
}

const flawOfJpeg = (bytes: Buffer) => flawOf(bytes, 'image/jpeg');
const flawOfPdf = (bytes: Buffer) => flawOf(bytes, 'application/pdf');

/** The smallest ZIP: one stored file, its directory, its end. */
function smallZip(): Buffer {
  const script =
    "import io,sys,zipfile\nb=io.BytesIO()\nz=zipfile.ZipFile(b,'w')\nz.writestr('a.txt','x')\nz.close()\nsys.stdout.buffer.write(b.getvalue())";
  try {
    return execFileSync('python3', ['-c', script]);
  } catch {
    const name = Buffer.from('a');
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(22), Buffer.from([1, 0, 0, 0]), name]);
    const directory = Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.alloc(42), name]);
    return Buffer.concat([local, directory, Buffer.from('PK\x05\x06'), Buffer.alloc(18)]);
  }
}

describe('a whole document is taken', () => {
  test('a JPEG, with comments and metadata', async () => {
    assert.equal(await flawOfJpeg(jpeg), 'none');
    const exif: [number, Buffer] = [0xe1, Buffer.from('Exif\0\0MM\0*', 'latin1')];
    assert.equal(await flawOfJpeg(sampleJpeg({ comment: 'scanned', segments: [exif] })), 'none');
  });

  test('a JPEG with further pictures that it announces, as phones make them', async () => {
    const announced = sampleJpeg({ segments: [[0xe2, Buffer.from('MPF\0MM\0*', 'latin1')]] });
    assert.equal(await flawOfJpeg(Buffer.concat([announced, jpeg, jpeg])), 'none');
    assert.equal(await flawOfJpeg(Buffer.concat([announced, jpeg, Buffer.from('x')])), 'trailing_data');
    assert.equal(await flawOfJpeg(Buffer.concat([jpeg, jpeg])), 'trailing_data');
  });

  test('a PDF, with pictures and an incremental update', async () => {
    assert.equal(await flawOfPdf(pdf), 'none');
    const picture = { dictionary: `<< /Subtype /Image /Filter /DCTDecode /Length ${jpeg.length} >>`, content: jpeg };
    assert.equal(await flawOfPdf(samplePdf({ objects: [picture] })), 'none');
    const start = pdf.length;
    const page = '3 0 obj\n<< /Type /Page >>\nendobj\n';
    const table = `xref\n3 1\n${String(start).padStart(10, '0')} 00000 n \ntrailer\n<< /Root 1 0 R /Prev 9 >>\n`;
    const update = `${page}${table}startxref\n${start + page.length}\n%%EOF\n`;
    assert.equal(await flawOfPdf(Buffer.concat([pdf, Buffer.from(update)])), 'none');
  });
});

describe('what is no such document is refused', () => {
  const cases: [string, Buffer, string, Flaw][] = [
    ['nothing', Buffer.alloc(0), 'image/jpeg', 'empty'],
    ['too much', Buffer.alloc(rules.max_bytes + 1, 0xff), 'image/jpeg', 'too_large'],
    ['text', Buffer.from('hello'), 'image/jpeg', 'type_unknown'],
    ['a web page', Buffer.from('<html><script>alert(1)</script>'), 'image/jpeg', 'type_unknown'],
    ['a zip', smallZip(), 'image/jpeg', 'type_unknown'],
    ['a zip bomb', gzipSync(Buffer.alloc(1_000_000)), 'application/pdf', 'type_unknown'],
    ['a PDF announced as JPEG', pdf, 'image/jpeg', 'type_mismatch'],
    ['a JPEG announced as PDF', jpeg, 'application/pdf', 'type_mismatch'],
    ['a JPEG announced as something else', jpeg, 'text/html', 'type_mismatch'],
    ['three bytes of a JPEG', jpeg.subarray(0, 3), 'image/jpeg', 'structure_invalid'],
    ['a cut JPEG', jpeg.subarray(0, -2), 'image/jpeg', 'structure_invalid'],
    ['a JPEG with bytes after its end', Buffer.concat([jpeg, Buffer.from('x')]), 'image/jpeg', 'trailing_data'],
    ['a JPEG with a zip after its end', Buffer.concat([jpeg, smallZip()]), 'image/jpeg', 'polyglot'],
    ['a JPEG with a zip in a comment', sampleJpeg({ segments: [[0xfe, smallZip()]] }), 'image/jpeg', 'polyglot'],
    ['a JPEG with a PDF in a comment', sampleJpeg({ segments: [[0xfe, pdf]] }), 'image/jpeg', 'polyglot'],
    ['a JPEG with a script in a comment', sampleJpeg({ comment: '<SCRIPT>1</script>' }), 'image/jpeg', 'polyglot'],
    ['a JPEG of 65,535 × 65,535 pixels', hugeJpeg(), 'image/jpeg', 'bomb'],
    ['a JPEG of a thousand scans', manyScans(), 'image/jpeg', 'bomb'],
    [
      'a PDF that does not begin at the first byte',
      Buffer.concat([Buffer.from('\n'), pdf]),
      'application/pdf',
      'type_unknown',
    ],
    ['a cut PDF', pdf.subarray(0, -20), 'application/pdf', 'structure_invalid'],
    ['a PDF with bytes after its end', Buffer.concat([pdf, Buffer.from('<html>')]), 'application/pdf', 'trailing_data'],
    ['a PDF with a zip after its end', Buffer.concat([pdf, smallZip()]), 'application/pdf', 'polyglot'],
    ['a PDF with a zip in a stream', withStream('', smallZip()), 'application/pdf', 'polyglot'],
    [
      'a PDF with a script',
      samplePdf({ catalogue: '/OpenAction << /S /JavaScript /JS (x) >>' }),
      'application/pdf',
      'active_content',
    ],
    [
      'a PDF with a script in disguise',
      samplePdf({ catalogue: '/OpenAction << /S /J#61vaScript >>' }),
      'application/pdf',
      'active_content',
    ],
    [
      'a PDF that starts a program',
      samplePdf({ catalogue: '/OpenAction << /S /Launch >>' }),
      'application/pdf',
      'active_content',
    ],
    [
      'a PDF with a file inside',
      withStream('/Type /EmbeddedFile', Buffer.from('x')),
      'application/pdf',
      'active_content',
    ],
    [
      'a PDF with a form of the XFA kind',
      samplePdf({ catalogue: '/AcroForm << /XFA 9 0 R >>' }),
      'application/pdf',
      'active_content',
    ],
    ['a PDF with a script in an object stream', scriptInObjectStream(), 'application/pdf', 'active_content'],
    ['a PDF whose stream swells', pdfBomb(), 'application/pdf', 'bomb'],
    [
      'a PDF whose stream is compressed twice',
      withStream('/Filter [/FlateDecode /FlateDecode]', Buffer.from('x')),
      'application/pdf',
      'bomb',
    ],
    [
      'a PDF with a picture of 10¹⁰ pixels',
      withStream('/Subtype /Image /Width 100000 /Height 100000', jpeg),
      'application/pdf',
      'bomb',
    ],
    ['a PDF nested too deeply', samplePdf({ catalogue: `/A ${'['.repeat(10_000)}` }), 'application/pdf', 'bomb'],
    [
      'a PDF that hides an object in a stream',
      withStream('', Buffer.from('\n9 0 obj << /S /JavaScript >> endobj')),
      'application/pdf',
      'polyglot',
    ],
    ['a PDF with bytes between its objects', garbageBetween(), 'application/pdf', 'structure_invalid'],
    ['an encrypted PDF', encrypted(), 'application/pdf', 'encrypted'],
  ];
  for (const [what, bytes, type, flaw] of cases) {
    test(what, async () => assert.equal(await flawOf(bytes, type), flaw));
  }
});

describe('fuzzing', () => {
  const mutation = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 12 });
  for (const [name, whole, type] of [
    ['JPEG', jpeg, 'image/jpeg'],
    ['PDF', scriptlessObjectStream(), 'application/pdf'],
  ] as const) {
    test(`a ${name} with any bytes changed gets a verdict, never an exception`, async () => {
      await fc.assert(
        fc.asyncProperty(mutation, fc.nat({ max: whole.length }), fc.boolean(), async (changes, length, cut) => {
          const altered = Buffer.from(whole);
          for (const [place, byte] of changes) altered[place % altered.length] = byte;
          await inspect(cut ? altered.subarray(0, length) : altered, type, rules);
        }),
        { numRuns: 3_000 },
      );
    });
  }

  test('a PDF of words in any order gets a verdict', async () => {
    const word = fc.constantFrom(
      '1 0 obj',
      '<<',
      '>>',
      '[',
      ']',
      '(',
      ')',
      '/A',
      '<',
      'stream\n',
      'endstream',
      'endobj',
      'xref',
      'trailer',
      'startxref',
      '%',
      '\n',
      '1',
      'R',
      '%%EOF',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 60 }), async (words) => {
        await flawOfPdf(Buffer.from(`%PDF-1.4\n${words.join(' ')}\n%%EOF`));
      }),
      { numRuns: 3_000 },
    );
  });

  const hostile: [string, Buffer, string][] = [
    ['a PDF of millions of values', samplePdf({ catalogue: `/A [${'1 '.repeat(4_000_000)}]` }), 'application/pdf'],
    [
      'a PDF that looks like objects everywhere',
      withStream('', Buffer.alloc(8_000_000, '1 %\n% obj')),
      'application/pdf',
    ],
    ['a PDF whose object stream names one object often', repeatedObject(), 'application/pdf'],
    [
      'a JPEG of millions of segments',
      sampleJpeg({ segments: Array(1_000_000).fill([0xfe, Buffer.alloc(0)]) }),
      'image/jpeg',
    ],
  ];
  for (const [what, bytes, type] of hostile) {
    test(`${what} is refused without much work`, async () => {
      const start = performance.now();
      assert.match(await flawOf(bytes, type), /^(bomb|polyglot)$/);
      assert.ok(performance.now() - start < 5_000);
    });
  }
});

function withStream(members: string, content: Buffer): Buffer {
  return samplePdf({ objects: [{ dictionary: `<< ${members} /Length ${content.length} >>`, content }] });
}

function objectStream(inner: string): Buffer {
  const content = deflateSync(Buffer.from(`7 0 ${inner}`));
  return withStream('/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode', content);
}

function scriptInObjectStream(): Buffer {
  return objectStream('<< /S /JavaScript >>');
}

function scriptlessObjectStream(): Buffer {
  return objectStream('<< /Kind /Plain >>');
}

function repeatedObject(): Buffer {
  const pairs = '7 0 '.repeat(50_000);
  const content = deflateSync(Buffer.from(`${pairs}[${'1 '.repeat(100_000)}]`));
  return withStream(`/Type /ObjStm /N 50000 /First ${pairs.length} /Filter /FlateDecode`, content);
}

function pdfBomb(): Buffer {
  return withStream('/Filter /FlateDecode', deflateSync(Buffer.alloc(300 * 1024 * 1024)));
}

function hugeJpeg(): Buffer {
  const frame = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
  const huge = Buffer.from(jpeg);
  huge.fill(0xff, frame + 5, frame + 9);
  return huge;
}

function manyScans(): Buffer {
  const scan = Buffer.concat([jpegSegment(0xda, Buffer.from([1, 1, 0, 0, 63, 0])), Buffer.from([0x3f])]);
  return Buffer.concat([jpeg.subarray(0, -2), ...Array<Buffer>(1000).fill(scan), jpeg.subarray(-2)]);
}

function garbageBetween(): Buffer {
  return Buffer.from(pdf.toString('latin1').replace('endobj\n3 0 obj', 'endobj\n#!/bin/sh\n3 0 obj'), 'latin1');
}

function encrypted(): Buffer {
  return Buffer.from(pdf.toString('latin1').replace('/Root 1 0 R', '/Root 1 0 R /Encrypt 9 0 R'), 'latin1');
}
