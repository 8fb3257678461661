import { FlawFound } from './verdict.ts';

/** Values of ISO 32000-1 §7.3; the bytes of strings and the targets of references are of no interest here. */
export type PdfValue =
  | { kind: 'dictionary'; entries: Map<string, PdfValue> }
  | { kind: 'array'; items: PdfValue[] }
  | { kind: 'name'; name: string }
  | { kind: 'number'; number: number }
  | { kind: 'string' | 'reference' | 'keyword' };

/** Bounds the work that one file can ask for; shared by all readers of the file. */
export type Effort = { values_left: number };
export type Reader = { bytes: Buffer; at: number; effort: Effort };

export const max_values = 300_000;

const max_depth = 64;
const white = new Set([0x00, 0x09, 0x0a, 0x0c, 0x0d, 0x20]);
const delimiters = new Set([...Buffer.from('()<>[]{}/%')]);

/** Reads one value and what is inside it. Errors: `structure_invalid`; a depth over 64 is a `bomb`. */
export function readValue(reader: Reader, depth = 0): PdfValue {
  if (depth > max_depth) throw new FlawFound('bomb', 'Values are nested too deeply');
  skipBlanks(reader);
  spendValue(reader);
  const [first, second] = [reader.bytes[reader.at], reader.bytes[reader.at + 1]];
  if (first === 0x3c) return second === 0x3c ? readDictionary(reader, depth) : readHexString(reader);
  if (first === 0x5b) return readArray(reader, depth);
  if (first === 0x2f) return { kind: 'name', name: readName(reader) };
  if (first === 0x28) return readString(reader);
  return readNumberOrKeyword(reader);
}

/** Skips white space and comments (§7.2.3–4). */
export function skipBlanks(reader: Reader): void {
  for (;;) {
    while (white.has(reader.bytes[reader.at] ?? -1)) reader.at += 1;
    if (reader.bytes[reader.at] !== 0x25) return;
    while (reader.at < reader.bytes.length && !isLineEnd(reader.bytes[reader.at])) reader.at += 1;
  }
}

/** Whether these characters come next; they are not consumed. */
export function looksAt({ bytes, at }: Reader, text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (bytes[at + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}

/** The next run of regular characters, empty at a delimiter or the end. */
export function readWord(reader: Reader): string {
  const start = reader.at;
  while (reader.at < reader.bytes.length && isRegular(reader.bytes[reader.at])) reader.at += 1;
  return reader.bytes.toString('latin1', start, reader.at);
}

export function invalidPdf(detail: string): FlawFound {
  return new FlawFound('structure_invalid', `Not a whole PDF: ${detail}`);
}

/** Counts a value, a row or a part. Errors: `bomb` beyond {@link max_values}. */
export function spendValue({ effort }: Reader): void {
  effort.values_left -= 1;
  if (effort.values_left < 0) throw new FlawFound('bomb', `The PDF holds more than ${max_values} values`);
}

function readDictionary(reader: Reader, depth: number): PdfValue {
  reader.at += 2;
  const entries = new Map<string, PdfValue>();
  for (;;) {
    skipBlanks(reader);
    if (looksAt(reader, '>>')) break;
    if (!looksAt(reader, '/')) throw invalidPdf('a dictionary is broken');
    const name = readName(reader);
    entries.set(entries.has(name) ? `${name} again ${entries.size}` : name, readValue(reader, depth + 1));
  }
  reader.at += 2;
  return { kind: 'dictionary', entries };
}

function readArray(reader: Reader, depth: number): PdfValue {
  reader.at += 1;
  const items: PdfValue[] = [];
  for (;;) {
    skipBlanks(reader);
    if (looksAt(reader, ']')) break;
    items.push(readValue(reader, depth + 1));
  }
  reader.at += 1;
  return { kind: 'array', items };
}

/** `#xx` in a name is one character (§7.3.5): `/J#61vaScript` is `/JavaScript`. */
function readName(reader: Reader): string {
  reader.at += 1;
  return readWord(reader).replace(/#([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

function readString(reader: Reader): PdfValue {
  let open = 0;
  do {
    const byte = reader.bytes[reader.at];
    if (byte === undefined) throw invalidPdf('a string does not end');
    if (byte === 0x5c) reader.at += 1;
    else if (byte === 0x28) open += 1;
    else if (byte === 0x29) open -= 1;
    reader.at += 1;
  } while (open > 0);
  return { kind: 'string' };
}

function readHexString(reader: Reader): PdfValue {
  const end = reader.bytes.indexOf(0x3e, reader.at);
  if (end === -1) throw invalidPdf('a string does not end');
  const digits = reader.bytes.toString('latin1', reader.at + 1, end);
  if (!/^[0-9A-Fa-f\s\0]*$/.test(digits)) throw invalidPdf('a string holds what is not hex');
  reader.at = end + 1;
  return { kind: 'string' };
}

function readNumberOrKeyword(reader: Reader): PdfValue {
  const word = readWord(reader);
  if (word === '') throw invalidPdf('a value is missing');
  if (!/^[+-]*\d*\.?\d*-?\d*$/.test(word)) {
    if (/^(true|false|null)$/.test(word)) return { kind: 'keyword' };
    throw invalidPdf('a word is not known');
  }
  return /^\d+$/.test(word) && skipReference(reader) ? { kind: 'reference' } : { kind: 'number', number: Number(word) };
}

/** After a number: consumes ` 0 R` when it is there. */
function skipReference(reader: Reader): boolean {
  const start = reader.at;
  skipBlanks(reader);
  const is_generation = /^\d{1,5}$/.test(readWord(reader));
  skipBlanks(reader);
  if (is_generation && readWord(reader) === 'R') return true;
  reader.at = start;
  return false;
}

function isRegular(byte: number | undefined): boolean {
  return byte !== undefined && !white.has(byte) && !delimiters.has(byte);
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === 0x0a || byte === 0x0d;
}
