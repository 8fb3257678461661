/** How SMPP carries a text: the SMSC's default alphabet where that is surely the same as ours, else UCS-2. */
export type SmsParts = { data_coding: 0 | 8; parts: Buffer[] };

/** Letters, digits and signs at which ASCII and GSM 03.38 agree. */
const common_alphabet = /^[A-Za-z0-9 \r\n!"#%&'()*+,\-./:;<=>?]*$/;

const most_parts = 10;

/** Splits a text into messages that phones join again (3GPP TS 23.040 §9.2.3.24.1); `reference` tells them apart. */
export function splitSms(text: string, reference: number): SmsParts {
  const plain = common_alphabet.test(text);
  const [alone, joined] = plain ? [160, 153] : [70, 67];
  const encode = (part: string) => (plain ? Buffer.from(part, 'latin1') : Buffer.from(part, 'utf16le').swap16());
  const data_coding = plain ? 0 : 8;
  if (text.length <= alone) return { data_coding, parts: [encode(text)] };
  const pieces = cut(text, joined).slice(0, most_parts);
  const parts = pieces.map((piece, index) =>
    Buffer.concat([Buffer.from([5, 0, 3, reference & 0xff, pieces.length, index + 1]), encode(piece)]),
  );
  return { data_coding, parts };
}

/** Never between the two halves of a surrogate pair. */
function cut(text: string, length: number): string[] {
  const pieces: string[] = [];
  for (let start = 0; start < text.length; ) {
    let end = Math.min(start + length, text.length);
    if (end < text.length && /[\ud800-\udbff]/.test(text[end - 1]!)) end -= 1;
    pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces;
}
