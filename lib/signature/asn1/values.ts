import { Asn1Error, type Asn1Node, bodyOf, childrenOf } from './reader.ts';

/** Identifier octets of the types that are read and written here (X.680 §8.4). */
export const tag = {
  boolean: 0x01,
  integer: 0x02,
  bit_string: 0x03,
  octet_string: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8_string: 0x0c,
  printable_string: 0x13,
  ia5_string: 0x16,
  utc_time: 0x17,
  generalized_time: 0x18,
  bmp_string: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

export function expectTag(node: Asn1Node | undefined, id: number, what: string): Asn1Node {
  if (node === undefined) throw new Asn1Error(`${what} is missing`);
  if (node.id !== id) throw new Asn1Error(`${what} has tag 0x${node.id.toString(16)} instead of 0x${id.toString(16)}`);
  return node;
}

/** Walks the fields of a SEQUENCE in order: every element is either taken or refused by `end`. */
export function fieldsOf(node: Asn1Node | undefined, what: string, id: number = tag.sequence) {
  const children = childrenOf(expectTag(node, id, what));
  let at = 0;
  return {
    take: (field_id: number, name: string): Asn1Node => expectTag(children[at++], field_id, `${what}.${name}`),
    takeAny: (name: string): Asn1Node => {
      const child = children[at++];
      if (!child) throw new Asn1Error(`${what}.${name} is missing`);
      return child;
    },
    optional: (...ids: number[]): Asn1Node | undefined => {
      const child = children[at];
      if (!child || !ids.includes(child.id)) return undefined;
      at++;
      return child;
    },
    end: (): void => {
      if (at < children.length) throw new Asn1Error(`${what} has ${children.length - at} elements too many`);
    },
  };
}

/** The only element inside an explicit tag. */
export function insideOf(node: Asn1Node, what: string): Asn1Node {
  const children = childrenOf(node);
  if (children.length !== 1) throw new Asn1Error(`${what} holds ${children.length} elements instead of 1`);
  return children[0]!;
}

export function oidOf(node: Asn1Node): string {
  expectTag(node, tag.oid, 'OBJECT IDENTIFIER');
  const body = bodyOf(node);
  if (body.length === 0 || body.length > 64 || body[body.length - 1]! & 0x80)
    throw new Asn1Error('Bad object identifier');
  const arcs: number[] = [];
  let value = 0;
  for (const octet of body) {
    if (value === 0 && octet === 0x80) throw new Asn1Error('Padded arc in an object identifier');
    value = value * 128 + (octet & 0x7f);
    if (value > Number.MAX_SAFE_INTEGER / 128) throw new Asn1Error('Too large an arc in an object identifier');
    if (octet & 0x80) continue;
    arcs.push(value);
    value = 0;
  }
  const root = Math.min(2, Math.floor(arcs[0]! / 40));
  return [root, arcs[0]! - root * 40, ...arcs.slice(1)].join('.');
}

/** Content octets of an INTEGER, checked to be minimal two's complement (X.690 §8.3.2). */
export function integerOf(node: Asn1Node, id: number = tag.integer): Uint8Array {
  const body = bodyOf(expectTag(node, id, 'INTEGER'));
  if (body.length === 0) throw new Asn1Error('Empty integer');
  const padded = body.length > 1 && ((body[0] === 0 && body[1]! < 0x80) || (body[0] === 0xff && body[1]! >= 0x80));
  if (padded) throw new Asn1Error('Integer is not minimal');
  return body;
}

/** A small non-negative INTEGER (versions, counts, path lengths). */
export function smallIntegerOf(node: Asn1Node, id: number = tag.integer): number {
  const body = integerOf(node, id);
  if (body.length > 4 || body[0]! >= 0x80) throw new Asn1Error('Integer out of range');
  return body.reduce((value, octet) => value * 256 + octet, 0);
}

export function booleanOf(node: Asn1Node): boolean {
  const body = bodyOf(expectTag(node, tag.boolean, 'BOOLEAN'));
  if (body.length !== 1 || (body[0] !== 0 && body[0] !== 0xff)) throw new Asn1Error('Bad boolean');
  return body[0] === 0xff;
}

/** Octets of a string, also when BER cut it into pieces (X.690 §8.7.3). */
export function octetsOf(node: Asn1Node, id: number = tag.octet_string): Uint8Array {
  if (node.id === id) return bodyOf(node);
  if (node.id !== (id | 0x20) || node.budget.encoding !== 'BER') throw new Asn1Error('OCTET STRING expected');
  return joinBytes(childrenOf(node).map((piece) => octetsOf(piece)));
}

export function bitsOf(node: Asn1Node): { bytes: Uint8Array; unused: number } {
  const body = bodyOf(expectTag(node, tag.bit_string, 'BIT STRING'));
  const unused = body[0];
  if (unused === undefined || unused > 7 || (body.length === 1 && unused > 0)) throw new Asn1Error('Bad bit string');
  return { bytes: body.subarray(1), unused };
}

/** A BIT STRING of whole octets (keys and signatures). */
export function wholeBitsOf(node: Asn1Node): Uint8Array {
  const { bytes, unused } = bitsOf(node);
  if (unused !== 0) throw new Asn1Error('Bit string is not of whole octets');
  return bytes;
}

/** The set bits of a named-bit-list, as a mask whose bit `n` is ASN.1's bit `n`. */
export function namedBitsOf(node: Asn1Node): number {
  const { bytes } = bitsOf(node);
  let mask = 0;
  for (let bit = 0; bit < Math.min(16, bytes.length * 8); bit++) {
    if (bytes[bit >> 3]! & (0x80 >> (bit & 7))) mask |= 1 << bit;
  }
  return mask;
}

const utf8 = new TextDecoder('utf-8');
const latin1 = new TextDecoder('latin1');
const utf16 = new TextDecoder('utf-16be');
const text_tags = new Set<number>([0x0c, 0x12, 0x13, 0x14, 0x16, 0x1a, 0x1e]);

/** Text of any ASN.1 string type; undecodable octets become U+FFFD, so that they equal nothing. */
export function textOf(node: Asn1Node): string {
  if (!text_tags.has(node.id)) throw new Asn1Error('A text is expected');
  const decoder = node.id === tag.bmp_string ? utf16 : node.id === 0x14 ? latin1 : utf8;
  return decoder.decode(bodyOf(node));
}

/** UTCTime or GeneralizedTime in the form of RFC 5280 §4.1.2.5 (Zulu, seconds; fractions for RFC 3161). */
export function timeOf(node: Asn1Node): Date {
  const text = latin1.decode(bodyOf(node));
  const form = node.id === tag.utc_time ? /^(\d{2})(\d{10})Z$/ : /^(\d{4})(\d{10})(\.\d{1,6})?Z$/;
  const parts = node.id === tag.utc_time || node.id === tag.generalized_time ? form.exec(text) : null;
  if (!parts) throw new Asn1Error('Bad time');
  const year = node.id === tag.utc_time ? (Number(parts[1]) < 50 ? `20${parts[1]}` : `19${parts[1]}`) : parts[1]!;
  const [month, day, hour, minute, second] = parts[2]!.match(/../g)!;
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}${parts[3] ?? ''}Z`);
  if (Number.isNaN(date.getTime()) || date.getUTCDate() !== Number(day)) throw new Asn1Error('No such time');
  return date;
}

export function joinBytes(pieces: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

const hex_octets = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, '0'));

/** Lower-case hex; without Buffer, because browsers sign with this code too. */
export function hexOf(bytes: Uint8Array): string {
  let text = '';
  for (const octet of bytes) text += hex_octets[octet]!;
  return text;
}
