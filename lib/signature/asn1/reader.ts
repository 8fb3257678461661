/** What can be read: strict DER (certificates, revocation data) or BER (CMS containers of other people's software). */
export type Encoding = 'DER' | 'BER';

/** Bounds that keep a hostile input from costing more than an honest one. */
export type ReadLimits = {
  /** Longest accepted input, in bytes. */
  bytes: number;
  /** Most elements that may be read from one input. */
  nodes: number;
  /** Deepest nesting. */
  depth: number;
};

export const default_limits: ReadLimits = { bytes: 16 * 1024 * 1024, nodes: 50_000, depth: 32 };

/** The input is not the structure it should be. The only error that reading throws. */
export class Asn1Error extends Error {
  readonly code = 'asn1_error';
  constructor(message: string) {
    super(message);
    this.name = 'Asn1Error';
  }
}

type Budget = { nodes: number; depth: number; encoding: Encoding };

/** One element: its place in the source; its children are read when asked for. */
export type Asn1Node = {
  /** The identifier octet: class, constructed bit and tag number (below 31). */
  readonly id: number;
  readonly source: Uint8Array;
  readonly start: number;
  readonly body_start: number;
  readonly body_end: number;
  readonly end: number;
  readonly depth: number;
  readonly budget: Budget;
  children: Asn1Node[] | undefined;
};

/** Reads one element that fills the whole input (X.690). Throws Asn1Error. */
export function readAsn1(source: Uint8Array, encoding: Encoding = 'DER', limits = default_limits): Asn1Node {
  if (source.length > limits.bytes) throw new Asn1Error(`Input of ${source.length} bytes exceeds ${limits.bytes}`);
  const budget = { nodes: limits.nodes, depth: limits.depth, encoding };
  const node = readElement(source, 0, source.length, 0, budget);
  if (node.end !== source.length) throw new Asn1Error(`${source.length - node.end} bytes follow the structure`);
  return node;
}

/** The elements inside a constructed one. Throws Asn1Error for a primitive one or broken lengths. */
export function childrenOf(node: Asn1Node): Asn1Node[] {
  if (node.children) return node.children;
  if (!(node.id & 0x20)) throw new Asn1Error('A primitive element has no parts');
  const children: Asn1Node[] = [];
  for (let at = node.body_start; at < node.body_end; ) {
    const child = readElement(node.source, at, node.body_end, node.depth + 1, node.budget);
    children.push(child);
    at = child.end;
  }
  node.children = children;
  return children;
}

/** The whole element as it stands in the source. */
export function bytesOf(node: Asn1Node): Uint8Array {
  return node.source.subarray(node.start, node.end);
}

/** The content octets of a primitive element. */
export function bodyOf(node: Asn1Node): Uint8Array {
  return node.source.subarray(node.body_start, node.body_end);
}

/** Reads one element at an offset; `end` bounds it. For long lists that must not be held in memory. */
export function readElementAt(parent: Asn1Node, at: number): Asn1Node {
  return readElement(parent.source, at, parent.body_end, parent.depth + 1, parent.budget);
}

function readElement(source: Uint8Array, start: number, limit: number, depth: number, budget: Budget): Asn1Node {
  if (depth > budget.depth) throw new Asn1Error('Nested too deeply');
  if (--budget.nodes < 0) throw new Asn1Error('Too many elements');
  if (start + 2 > limit) throw new Asn1Error('Cut short');
  const id = source[start]!;
  if ((id & 0x1f) === 0x1f) throw new Asn1Error('Long tag numbers are not used here');
  if (id === 0) throw new Asn1Error('Unexpected end-of-contents');
  const length = readLength(source, start + 1, limit, budget.encoding);
  if (length.value === indefinite) return readIndefinite(source, start, limit, depth, budget);
  const body_end = length.next + length.value;
  if (body_end > limit) throw new Asn1Error('Longer than what holds it');
  const place = { id, source, start, body_start: length.next, body_end, end: body_end };
  return { ...place, depth, budget, children: undefined };
}

const indefinite = -1;

function readLength(source: Uint8Array, at: number, limit: number, encoding: Encoding) {
  const first = source[at]!;
  if (first < 0x80) return { value: first, next: at + 1 };
  if (first === 0x80 && encoding === 'BER') return { value: indefinite, next: at + 1 };
  const count = first & 0x7f;
  if (count === 0 || count > 4 || at + 1 + count > limit) throw new Asn1Error('Bad length');
  let value = 0;
  for (let i = 1; i <= count; i++) value = value * 256 + source[at + i]!;
  if (encoding === 'DER' && (value < 0x80 || source[at + 1] === 0)) throw new Asn1Error('Length is not minimal');
  return { value, next: at + 1 + count };
}

/** X.690 §8.1.3.6: the content runs to two zero octets; only BER has it. */
function readIndefinite(source: Uint8Array, start: number, limit: number, depth: number, budget: Budget): Asn1Node {
  const id = source[start]!;
  if (!(id & 0x20)) throw new Asn1Error('A primitive element of indefinite length');
  const children: Asn1Node[] = [];
  let at = start + 2;
  while (!(source[at] === 0 && source[at + 1] === 0 && at + 2 <= limit)) {
    const child = readElement(source, at, limit, depth + 1, budget);
    children.push(child);
    at = child.end;
  }
  return { id, source, start, body_start: start + 2, body_end: at, end: at + 2, depth, budget, children };
}
