import { Asn1Error, type Asn1Node, bodyOf, bytesOf, childrenOf } from './reader.ts';
import { compareBytes, joinBytes, octetsOf, tag } from './values.ts';

/** One DER element: identifier octet, minimal length, content. */
export function element(id: number, ...content: Uint8Array[]): Uint8Array {
  const length = content.reduce((sum, piece) => sum + piece.length, 0);
  return joinBytes([header(id, length), ...content]);
}

function header(id: number, length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(id, length);
  if (length < 0x100) return Uint8Array.of(id, 0x81, length);
  if (length < 0x10000) return Uint8Array.of(id, 0x82, length >> 8, length & 0xff);
  return Uint8Array.of(id, 0x84, length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff);
}

export function sequence(...content: Uint8Array[]): Uint8Array {
  return element(tag.sequence, ...content);
}

/** SET OF in DER: elements in ascending order of their encodings (X.690 §11.6). */
export function setOf(content: Uint8Array[], id: number = tag.set): Uint8Array {
  return element(id, ...content.toSorted(compareBytes));
}

export function context(number: number, ...content: Uint8Array[]): Uint8Array {
  return element(0xa0 | number, ...content);
}

export function contextPrimitive(number: number, content: Uint8Array): Uint8Array {
  return element(0x80 | number, content);
}

/** INTEGER from a number or from unsigned big-endian bytes. */
export function integer(value: number | Uint8Array, id: number = tag.integer): Uint8Array {
  return element(id, unsigned(typeof value === 'number' ? bigEndian(value) : value));
}

function bigEndian(value: number): Uint8Array {
  return Uint8Array.of((value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

function unsigned(bytes: Uint8Array): Uint8Array {
  let from = 0;
  while (from < bytes.length - 1 && bytes[from] === 0) from++;
  const short = bytes.subarray(from);
  return short.length === 0 || short[0]! >= 0x80 ? joinBytes([Uint8Array.of(0), short]) : short;
}

const encoded_oids = new Map<string, Uint8Array>();

export function oid(dotted: string): Uint8Array {
  let encoded = encoded_oids.get(dotted);
  if (!encoded) {
    const [root, second, ...arcs] = dotted.split('.').map(Number);
    encoded = element(tag.oid, Uint8Array.from([root! * 40 + second!, ...arcs].flatMap(base128)));
    encoded_oids.set(dotted, encoded);
  }
  return encoded;
}

function base128(arc: number): number[] {
  const octets = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) octets.unshift(0x80 | (rest % 128));
  return octets;
}

export function octetString(bytes: Uint8Array): Uint8Array {
  return element(tag.octet_string, bytes);
}

export function bitString(bytes: Uint8Array, unused = 0): Uint8Array {
  return element(tag.bit_string, Uint8Array.of(unused), bytes);
}

/** A named-bit-list from a mask (X.690 §11.2.2: no trailing zero bits). */
export function namedBits(mask: number): Uint8Array {
  const bits = 32 - Math.clz32(mask);
  const bytes = new Uint8Array(Math.ceil(bits / 8));
  for (let bit = 0; bit < bits; bit++) if (mask & (1 << bit)) bytes[bit >> 3]! |= 0x80 >> (bit & 7);
  return bitString(bytes, bytes.length * 8 - bits);
}

export function boolean(value: boolean): Uint8Array {
  return element(tag.boolean, Uint8Array.of(value ? 0xff : 0));
}

export function nullValue(): Uint8Array {
  return element(tag.null);
}

const encoder = new TextEncoder();

export function utf8String(text: string): Uint8Array {
  return element(tag.utf8_string, encoder.encode(text));
}

export function printableString(text: string): Uint8Array {
  return element(tag.printable_string, encoder.encode(text));
}

export function ia5(text: string): Uint8Array {
  return encoder.encode(text);
}

/** UTCTime to 2049, GeneralizedTime after (RFC 5280 §4.1.2.5). */
export function time(date: Date): Uint8Array {
  const digits = date.toISOString().replace(/\.\d+Z$|[-:T]/g, '');
  const year = date.getUTCFullYear();
  if (year >= 1950 && year < 2050) return element(tag.utc_time, encoder.encode(`${digits.slice(2)}Z`));
  return element(tag.generalized_time, encoder.encode(`${digits}Z`));
}

export function generalizedTime(date: Date): Uint8Array {
  return element(tag.generalized_time, encoder.encode(`${date.toISOString().replace(/\.\d+Z$|[-:T]/g, '')}Z`));
}

/**
 * The same value in DER, whatever BER form it came in: what RFC 5652 §5.4 wants hashed.
 * `id` replaces the outermost identifier, as for signed attributes (implicit [0] on the wire, SET OF in the hash).
 */
export function toDer(node: Asn1Node, id: number = node.id): Uint8Array {
  if (!(node.id & 0x20)) return id === node.id && isMinimal(node) ? bytesOf(node) : element(id, bodyOf(node));
  if (node.id === (tag.octet_string | 0x20)) return octetString(octetsOf(node));
  if ((node.id & 0xc0) === 0 && node.id !== tag.sequence && node.id !== tag.set)
    throw new Asn1Error('A string in pieces');
  const parts = childrenOf(node).map((child) => toDer(child));
  return id === tag.set ? setOf(parts) : element(id, ...parts);
}

function isMinimal(node: Asn1Node): boolean {
  const length = node.body_end - node.body_start;
  return node.body_start - node.start === header(node.id, length).length;
}
