/** Small real documents for tests, the demo and the sandbox; they name nobody. */

export type JpegSample = {
  /** Text of a comment segment, so that two samples differ. */
  comment?: string;
  /** Further segments: marker and content. */
  segments?: [code: number, content: Buffer][];
};

/** A grey square of 8 × 8 pixels: a whole baseline JPEG (ITU-T T.81) with one coefficient. */
export function sampleJpeg({ comment, segments = [] }: JpegSample = {}): Buffer {
  const one_code = (table: number) => Buffer.from([table, 1, ...Array(15).fill(0), 0]);
  const all: [number, Buffer][] = [
    [0xe0, Buffer.from('JFIF\0\x01\x02\0\0\x01\0\x01\0\0', 'latin1')],
    ...(comment === undefined ? [] : [[0xfe, Buffer.from(comment)] as [number, Buffer]]),
    ...segments,
    [0xdb, Buffer.concat([Buffer.from([0]), Buffer.alloc(64, 1)])],
    [0xc0, Buffer.from([8, 0, 8, 0, 8, 1, 1, 0x11, 0])],
    [0xc4, one_code(0x00)],
    [0xc4, one_code(0x10)],
    [0xda, Buffer.from([1, 1, 0, 0, 63, 0])],
  ];
  const parts = all.map(([code, content]) => jpegSegment(code, content));
  return Buffer.concat([Buffer.from([0xff, 0xd8]), ...parts, Buffer.from([0x3f, 0xff, 0xd9])]);
}

/** A marker, a length and a content. */
export function jpegSegment(code: number, content: Buffer): Buffer {
  const head = Buffer.from([0xff, code, 0, 0]);
  head.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([head, content]);
}

export type PdfSample = {
  text?: string;
  /** Members of the catalogue, as PDF text. */
  catalogue?: string;
  /** Further objects from number 6 on: a dictionary as PDF text, with a stream's content. */
  objects?: { dictionary: string; content?: Buffer }[];
};

/** A PDF 1.4 of one page with one line of text. */
export function samplePdf({ text = 'Zdravo', catalogue = '', objects = [] }: PdfSample = {}): Buffer {
  const content = Buffer.from(`BT /F1 24 Tf 72 720 Td (${text}) Tj ET`);
  const all = [
    { dictionary: `<< /Type /Catalog /Pages 2 0 R ${catalogue} >>` },
    { dictionary: '<< /Type /Pages /Kids [3 0 R] /Count 1 >>' },
    {
      dictionary:
        '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
    },
    { dictionary: `<< /Length ${content.length} >>`, content },
    { dictionary: '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>' },
    ...objects,
  ];
  return assemblePdf(all);
}

function assemblePdf(objects: { dictionary: string; content?: Buffer }[]): Buffer {
  let file = Buffer.from('%PDF-1.4\n%\xe2\xe3\xcf\xd3\n', 'latin1');
  const offsets: number[] = [];
  for (const [index, { dictionary, content }] of objects.entries()) {
    offsets.push(file.length);
    const stream = content ? [Buffer.from('\nstream\n'), content, Buffer.from('\nendstream')] : [];
    file = Buffer.concat([
      file,
      Buffer.from(`${index + 1} 0 obj\n${dictionary}`),
      ...stream,
      Buffer.from('\nendobj\n'),
    ]);
  }
  const rows = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  const table = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${rows}`;
  const end = `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${file.length}\n%%EOF\n`;
  return Buffer.concat([file, Buffer.from(table + end)]);
}
