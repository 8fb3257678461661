import {
  type Effort,
  invalidPdf,
  looksAt,
  type PdfValue,
  type Reader,
  readValue,
  readWord,
  skipBlanks,
  spendValue,
} from './pdf-syntax.ts';
import { FlawFound } from './verdict.ts';

export type PdfStream = { dictionary: PdfValue; content: Buffer };
export type PdfParts = { values: PdfValue[]; streams: PdfStream[]; trailers: PdfValue[] };

/** `objects`: where the keyword `obj` of each object stands. */
type Scan = PdfParts & { reader: Reader; tables: Set<number>; objects: Set<number>; last_startxref: number };

/**
 * Reads a file from its first byte to its last as what ISO 32000-1 §7.5 allows: header, objects, cross-reference
 * tables, trailers, end marks. Whatever is none of these is refused, so nothing can hide between them; and no stream,
 * string or remark holds what a reader could be pointed at as an object.
 */
export function readPdfParts(bytes: Buffer, effort: Effort): PdfParts {
  if (!/^%PDF-(1\.[0-7]|2\.0)[\r\n ]/.test(bytes.toString('latin1', 0, 9))) throw invalidPdf('it has no header');
  assertEnd(bytes);
  const scan: Scan = {
    reader: { bytes, at: 0, effort },
    values: [],
    streams: [],
    trailers: [],
    tables: new Set(),
    objects: new Set(),
    last_startxref: -1,
  };
  while (readPart(scan));
  if (!scan.tables.has(scan.last_startxref)) throw invalidPdf('its end does not point to a cross-reference table');
  refuseHiddenObjects(bytes, scan.objects);
  return scan;
}

function assertEnd(bytes: Buffer): void {
  const tail = bytes.toString('latin1', Math.max(0, bytes.length - 1024));
  if (!/%%EOF[\r\n\t \0]{0,64}$/.test(tail)) {
    throw new FlawFound(
      tail.includes('%%EOF') ? 'trailing_data' : 'structure_invalid',
      'The PDF does not end with %%EOF',
    );
  }
}

function readPart(scan: Scan): boolean {
  const { reader } = scan;
  refuseLongRemark(reader);
  const start = reader.at;
  if (start >= reader.bytes.length) return false;
  spendValue(reader);
  const word = readWord(reader);
  if (/^\d{1,10}$/.test(word)) readObject(scan, start);
  else if (word === 'xref') readTable(scan, start);
  else if (word === 'trailer') scan.trailers.push(readValue(reader));
  else if (word === 'startxref') scan.last_startxref = readInteger(reader);
  else throw invalidPdf(`something else than an object stands at ${start}`);
  return true;
}

/** A remark between parts is where a second kind of file would be hidden. */
function refuseLongRemark(reader: Reader): void {
  const start = reader.at;
  skipBlanks(reader);
  if (reader.at - start > 4096) throw new FlawFound('polyglot', 'Long remarks stand between the parts of the PDF');
}

function readObject(scan: Scan, start: number): void {
  const { reader } = scan;
  readInteger(reader);
  skipBlanks(reader);
  scan.objects.add(reader.at);
  expectWord(reader, 'obj');
  skipBlanks(reader);
  const value = looksAt(reader, 'endobj') ? undefined : readValue(reader);
  if (value) scan.values.push(value);
  skipBlanks(reader);
  if (value && looksAt(reader, 'stream')) readStreamContent(scan, { value, start });
  expectWord(reader, 'endobj');
}

function readStreamContent(scan: Scan, { value, start }: { value: PdfValue; start: number }): void {
  if (value.kind !== 'dictionary') throw invalidPdf('a stream has no dictionary');
  const { reader } = scan;
  reader.at += 'stream'.length;
  if (looksAt(reader, '\r\n')) reader.at += 2;
  else if (looksAt(reader, '\n')) reader.at += 1;
  else throw invalidPdf('a stream does not start on a line of its own');
  const end = endOfStream(reader, value.entries.get('Length'));
  scan.streams.push({ dictionary: value, content: reader.bytes.subarray(reader.at, end) });
  reader.at = end;
  expectWord(reader, 'endstream');
  const type = value.entries.get('Type');
  if (type?.kind === 'name' && type.name === 'XRef') {
    scan.tables.add(start);
    scan.trailers.push(value);
  }
}

/** By the given length when `endstream` follows there; a length held by another object is found by the keyword. */
function endOfStream({ bytes, at }: Reader, length: PdfValue | undefined): number {
  if (length?.kind === 'number') {
    const end = at + length.number;
    if (/^[\r\n\t \0]{0,2}endstream/.test(bytes.toString('latin1', end, end + 12))) return end;
    throw invalidPdf('a stream does not have its length');
  }
  const end = bytes.indexOf('endstream', at, 'latin1');
  if (length?.kind !== 'reference' || end === -1) throw invalidPdf('a stream does not end');
  return end;
}

function readTable(scan: Scan, start: number): void {
  const { reader } = scan;
  scan.tables.add(start);
  for (;;) {
    skipBlanks(reader);
    if (looksAt(reader, 'trailer')) return;
    spendValue(reader);
    readInteger(reader);
    const count = readInteger(reader);
    for (let index = 0; index < count; index += 1) readTableRow(reader);
  }
}

function readTableRow(reader: Reader): void {
  spendValue(reader);
  readInteger(reader);
  readInteger(reader);
  skipBlanks(reader);
  if (!/^[nf]$/.test(readWord(reader))) throw invalidPdf('its cross-reference table is broken');
}

function readInteger(reader: Reader): number {
  skipBlanks(reader);
  const word = readWord(reader);
  if (!/^\d{1,12}$/.test(word)) throw invalidPdf('a number is missing');
  return Number(word);
}

function expectWord(reader: Reader, word: string): void {
  skipBlanks(reader);
  if (readWord(reader) !== word) throw invalidPdf(`${word} is missing`);
}

const max_suspicions = 1000;

/**
 * `7 0 obj` inside a stream, a string or a remark is an object for a reader whose table points there, and would be none
 * for this one.
 */
function refuseHiddenObjects(content: Buffer, known: ReadonlySet<number>): void {
  let suspicions = 0;
  for (let at = content.indexOf('obj', 0, 'latin1'); at !== -1; at = content.indexOf('obj', at + 3, 'latin1')) {
    if (known.has(at) || !may_precede_obj.has(content[at - 1] ?? 0)) continue;
    suspicions += 1;
    const before = content.toString('latin1', Math.max(0, at - 300), at);
    const is_object = /\d(?:[\s\0]|%[^\r\n]*[\r\n])+\d+(?:[\s\0]|%[^\r\n]*[\r\n])*$/.test(before);
    if (is_object || suspicions > max_suspicions) {
      throw new FlawFound('polyglot', 'The PDF hides further objects within others');
    }
  }
}

const may_precede_obj = new Set([...Buffer.from('\0\t\n\f\r 0123456789')]);
