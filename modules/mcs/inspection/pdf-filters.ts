import { type InflateBudget, inflateWithin } from './pdf-inflate.ts';
import { invalidPdf } from './pdf-syntax.ts';
import { FlawFound } from './verdict.ts';

const short_names: Record<string, string> = {
  AHx: 'ASCIIHexDecode',
  A85: 'ASCII85Decode',
  Fl: 'FlateDecode',
  LZW: 'LZWDecode',
  RL: 'RunLengthDecode',
  CCF: 'CCITTFaxDecode',
  DCT: 'DCTDecode',
};
const swelling = new Set(['FlateDecode', 'LZWDecode', 'RunLengthDecode']);
/** Pictures: their size is bounded by the pixels that their dictionary announces. */
const pictures = new Set(['DCTDecode', 'CCITTFaxDecode', 'JBIG2Decode', 'JPXDecode']);

/** The filters of a stream in order, by their long names (ISO 32000-1 §7.4, Table 6). Errors: `structure_invalid`, `encrypted`. */
export function knownFilters(names: readonly string[]): string[] {
  return names.map((name) => {
    const filter = short_names[name] ?? name;
    if (filter === 'Crypt') throw new FlawFound('encrypted', 'A stream of the PDF is encrypted');
    if (!swelling.has(filter) && !pictures.has(filter) && !/^ASCII(Hex|85)Decode$/.test(filter))
      throw invalidPdf(`the filter ${filter.slice(0, 40)} is not known`);
    return filter;
  });
}

/**
 * Follows a stream through its filters as far as bytes swell there, against the file's budget: a bomb behind an ASCII
 * filter is one too. Errors: `bomb`.
 */
export async function measureStream(content: Buffer, filters: readonly string[], budget: InflateBudget): Promise<void> {
  if (filters.filter((name) => swelling.has(name)).length > 1)
    throw new FlawFound('bomb', 'A stream is compressed more than once');
  let bytes = content;
  for (const filter of filters) {
    if (filter === 'ASCIIHexDecode') bytes = fromHex(bytes);
    else if (filter === 'ASCII85Decode') bytes = fromBase85(bytes, budget);
    else if (filter === 'FlateDecode') return void (await inflateWithin(bytes, { budget, keep: false }));
    else if (filter === 'LZWDecode') return spend(budget, lengthOfLzw(bytes));
    else if (filter === 'RunLengthDecode') return spend(budget, lengthOfRuns(bytes));
    else return;
  }
}

function spend(budget: InflateBudget, bytes: number): void {
  budget.left -= bytes;
  if (budget.left < 0) throw new FlawFound('bomb', 'The streams of the file swell beyond measure');
}

function fromHex(bytes: Buffer): Buffer {
  const end = bytes.indexOf('>');
  const digits = bytes.toString('latin1', 0, end === -1 ? bytes.length : end).replace(/[^0-9A-Fa-f]/g, '');
  return Buffer.from(digits.length % 2 ? `${digits}0` : digits, 'hex');
}

/** Four bytes of five characters from `!` to `u`; `z` is four zeros (§7.4.3). */
function fromBase85(bytes: Buffer, budget: InflateBudget): Buffer {
  const decoded = Buffer.alloc(bytes.length * 4 + 4);
  spend(budget, decoded.length);
  let [at, count, value] = [0, 0, 0];
  for (const byte of bytes) {
    if (byte === 0x7e) break;
    if (byte === 0x7a && count === 0) at += 4;
    if (byte < 0x21 || byte > 0x75) continue;
    value = value * 85 + (byte - 0x21);
    count += 1;
    if (count < 5) continue;
    decoded.writeUInt32BE(value % 2 ** 32, at);
    [at, count, value] = [at + 4, 0, 0];
  }
  if (count > 1) {
    for (let missing = count; missing < 5; missing += 1) value = value * 85 + 84;
    decoded.writeUInt32BE(value % 2 ** 32, at);
    at += count - 1;
  }
  return decoded.subarray(0, at);
}

/** How long LZW data (§7.4.4, codes of 9 to 12 bits) become, without decoding them. */
function lengthOfLzw(bytes: Buffer): number {
  const lengths = new Uint32Array(4096 + 1).fill(1, 0, 256);
  let [width, next, previous, total] = [9, 258, 0, 0];
  let [held, bits] = [0, 0];
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfffff;
    bits += 8;
    if (bits < width) continue;
    const code = (held >> (bits - width)) & ((1 << width) - 1);
    bits -= width;
    if (code === 257) break;
    if (code === 256) {
      [width, next, previous] = [9, 258, 0];
      continue;
    }
    const length = code < next ? lengths[code]! : previous + 1;
    total += length;
    if (previous > 0 && next < 4096) lengths[next++] = previous + 1;
    previous = length;
    // One code early, as PDF does unless told otherwise.
    width = next >= 2047 ? 12 : next >= 1023 ? 11 : next >= 511 ? 10 : 9;
  }
  return total;
}

function lengthOfRuns(bytes: Buffer): number {
  let total = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = bytes[at]!;
    if (length === 128) break;
    total += length < 128 ? length + 1 : 257 - length;
    at += length < 128 ? length + 2 : 2;
  }
  return total;
}
