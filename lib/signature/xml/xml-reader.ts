/** An element as read; `children` are elements and text, comments left out. */
export type XmlElement = {
  /** As written, prefix included. */
  name: string;
  prefix: string;
  local: string;
  /** Namespace name; '' when it has none. */
  namespace: string;
  /** Prefix ('' is the default) → namespace name, in force here. Shared with the parent when nothing is declared. */
  scope: ReadonlyMap<string, string>;
  /** Without namespace declarations. */
  attributes: XmlAttribute[];
  children: (XmlElement | string)[];
  parent: XmlElement | undefined;
};

export type XmlAttribute = { name: string; prefix: string; local: string; namespace: string; value: string };

/** The document is not XML, or uses what this reader does not take. */
export class XmlError extends Error {
  readonly code = 'xml_error';
  constructor(message: string, at?: number) {
    super(at === undefined ? message : `${message} (at character ${at})`);
    this.name = 'XmlError';
  }
}

const limits = { bytes: 64 * 1024 * 1024, depth: 64, elements: 2_000_000, attributes: 256 };
const xml_namespace = 'http://www.w3.org/XML/1998/namespace';
const xmlns_namespace = 'http://www.w3.org/2000/xmlns/';

/** Characters that XML 1.0 (§2.2) does not have. */
const illegal = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;
const ncname = '[\\p{L}_][\\p{L}\\p{N}\\p{M}._\\u00B7-]*';
const space = '[ \\t\\n]';
const tokens = {
  declaration: new RegExp(
    `<\\?xml${space}+version${space}*=${space}*["']1\\.0["'](?:${space}+encoding${space}*=${space}*["']([A-Za-z0-9._-]+)["'])?` +
      `(?:${space}+standalone${space}*=${space}*["'](?:yes|no)["'])?${space}*\\?>`,
    'uy',
  ),
  spaces: new RegExp(`${space}+`, 'uy'),
  section: /<!\[CDATA\[([\s\S]*?)\]\]>/uy,
  text: /[^<]+/uy,
  open: new RegExp(`<(${ncname}(?::${ncname})?)`, 'uy'),
  attribute: new RegExp(`${space}+(${ncname}(?::${ncname})?)${space}*=${space}*(?:"([^<"]*)"|'([^<']*)')`, 'uy'),
  open_end: new RegExp(`${space}*(/?)>`, 'uy'),
  close: new RegExp(`</(${ncname}(?::${ncname})?)${space}*>`, 'uy'),
};

/**
 * Reads an XML 1.0 document with namespaces, strictly: UTF-8, well-formed, no DOCTYPE, no processing instructions, no entities
 * but the five. What was signed and what is read is the same tree. Throws XmlError.
 */
export function readXml(document: Uint8Array): XmlElement {
  const scanner = createScanner(decode(document));
  const declaration = scanner.take(tokens.declaration);
  if (declaration?.[1] && !/^utf-8$/i.test(declaration[1])) throw new XmlError('Only UTF-8 is read');
  skipOutside(scanner);
  const root = readTree(scanner);
  skipOutside(scanner);
  if (!scanner.isAtEnd()) throw scanner.fail('Something follows the document');
  return root;
}

function decode(document: Uint8Array): string {
  if (document.length > limits.bytes) throw new XmlError('The document is too long');
  let source: string;
  try {
    source = new TextDecoder('utf-8', { fatal: true }).decode(document);
  } catch {
    throw new XmlError('Not UTF-8');
  }
  if (illegal.test(source)) throw new XmlError('A character that XML does not have');
  // XML 1.0 §2.11
  return source.replaceAll(/\r\n?/g, '\n');
}

type Scanner = ReturnType<typeof createScanner>;

function createScanner(source: string) {
  let at = 0;
  let elements = 0;
  return {
    take: (token: RegExp): RegExpExecArray | null => {
      token.lastIndex = at;
      const found = token.exec(source);
      if (found) at = token.lastIndex;
      return found;
    },
    /** By looking for its end: an expression that walks a comment of millions of characters needs as much stack. */
    takeComment: (): boolean => {
      if (!source.startsWith('<!--', at)) return false;
      const end = source.indexOf('--', at + 4);
      if (end < 0 || source[end + 2] !== '>') throw new XmlError('A comment that does not end', at);
      at = end + 3;
      return true;
    },
    isAtEnd: () => at === source.length,
    fail: (message: string) => new XmlError(message, at),
    count: () => {
      elements += 1;
      if (elements > limits.elements) throw new XmlError('Too many elements', at);
    },
  };
}

function skipOutside(scanner: Scanner): void {
  while (scanner.take(tokens.spaces) || scanner.takeComment());
}

const outermost: ReadonlyMap<string, string> = new Map([['xml', xml_namespace]]);

/** Without recursion, so that depth is a limit and not a crash. */
function readTree(scanner: Scanner): XmlElement {
  let current = readOpening(scanner, undefined);
  if (current.is_empty) return current.element;
  for (let depth = 1; ; ) {
    const { element } = current;
    const text = readText(scanner);
    if (text !== undefined) {
      element.children.push(text);
      continue;
    }
    if (scanner.takeComment()) continue;
    const closing = scanner.take(tokens.close);
    if (closing) {
      if (closing[1] !== element.name) throw scanner.fail(`<${element.name}> is closed by another name`);
      if (!element.parent) return element;
      current = { element: element.parent, is_empty: false };
      depth -= 1;
      continue;
    }
    const opened = readOpening(scanner, element);
    element.children.push(opened.element);
    if (opened.is_empty) continue;
    current = opened;
    depth += 1;
    if (depth > limits.depth) throw scanner.fail('Too deep');
  }
}

function readText(scanner: Scanner): string | undefined {
  const section = scanner.take(tokens.section);
  if (section) return section[1]!;
  const text = scanner.take(tokens.text)?.[0];
  if (text === undefined) return undefined;
  if (text.includes(']]>')) throw scanner.fail(']]> in text');
  return expand(scanner, text);
}

const entities: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function expand(scanner: Scanner, text: string): string {
  if (!text.includes('&')) return text;
  return text.replaceAll(/&([^;&]{0,12};?)/g, (_whole, reference: string) => {
    const named = reference.endsWith(';') ? entities[reference.slice(0, -1)] : undefined;
    if (named !== undefined) return named;
    const numeric = /^#(?:x([0-9A-Fa-f]{1,6})|([0-9]{1,7}));$/.exec(reference);
    const code = numeric ? Number.parseInt(numeric[1] ?? numeric[2]!, numeric[1] ? 16 : 10) : 0;
    if (code === 0 || code > 0x10ffff || illegal.test(String.fromCodePoint(code)))
      throw scanner.fail('A reference that means nothing');
    return String.fromCodePoint(code);
  });
}

function readOpening(scanner: Scanner, parent: XmlElement | undefined): { element: XmlElement; is_empty: boolean } {
  const name = scanner.take(tokens.open)?.[1];
  if (name === undefined) throw scanner.fail('No element where one is due');
  scanner.count();
  const written = readAttributes(scanner);
  const end = scanner.take(tokens.open_end);
  if (!end) throw scanner.fail(`<${name}> does not end`);
  const scope = declare(scanner, parent?.scope ?? outermost, written);
  const [prefix, local] = split(name);
  const attributes = [...written]
    .filter(([attribute]) => !isDeclaration(attribute))
    .map(([attribute, value]) => resolveAttribute(scanner, scope, attribute, value));
  const expanded = new Set(attributes.map((one) => `${one.namespace} ${one.local}`));
  if (expanded.size < attributes.length) throw scanner.fail('An attribute stands twice');
  const namespace = prefix === '' ? (scope.get('') ?? '') : lookUp(scanner, scope, prefix);
  return {
    element: { name, prefix, local, namespace, scope, attributes, children: [], parent },
    is_empty: end[1] === '/',
  };
}

function readAttributes(scanner: Scanner): Map<string, string> {
  const written = new Map<string, string>();
  for (let found = scanner.take(tokens.attribute); found; found = scanner.take(tokens.attribute)) {
    if (written.has(found[1]!)) throw scanner.fail('An attribute stands twice');
    if (written.size >= limits.attributes) throw scanner.fail('Too many attributes');
    // XML 1.0 §3.3.3: white space as written is a space; as a reference it stays.
    written.set(found[1]!, expand(scanner, (found[2] ?? found[3]!).replaceAll(/[\t\n]/g, ' ')));
  }
  return written;
}

function isDeclaration(attribute: string): boolean {
  return attribute === 'xmlns' || attribute.startsWith('xmlns:');
}

function declare(scanner: Scanner, outer: ReadonlyMap<string, string>, written: Map<string, string>) {
  const declared = [...written].filter(([attribute]) => isDeclaration(attribute));
  if (declared.length === 0) return outer;
  const scope = new Map(outer);
  for (const [attribute, namespace] of declared) {
    const prefix = split(attribute)[0] === '' ? '' : split(attribute)[1];
    // Namespaces in XML 1.0 §3: these two are bound for ever, and a prefix is never unbound.
    const is_reserved = prefix === 'xml' || prefix === 'xmlns' || [xml_namespace, xmlns_namespace].includes(namespace);
    if (is_reserved || (prefix !== '' && namespace === '')) throw scanner.fail('A namespace that cannot be declared');
    scope.set(prefix, namespace);
  }
  return scope;
}

function resolveAttribute(scanner: Scanner, scope: ReadonlyMap<string, string>, name: string, value: string) {
  const [prefix, local] = split(name);
  return { name, prefix, local, namespace: prefix === '' ? '' : lookUp(scanner, scope, prefix), value };
}

function lookUp(scanner: Scanner, scope: ReadonlyMap<string, string>, prefix: string): string {
  const namespace = scope.get(prefix);
  if (namespace === undefined) throw scanner.fail(`The prefix ${prefix} is not declared`);
  return namespace;
}

function split(name: string): [prefix: string, local: string] {
  const at = name.indexOf(':');
  return at < 0 ? ['', name] : [name.slice(0, at), name.slice(at + 1)];
}

/** The child elements of that name. */
export function childrenNamed(parent: XmlElement, namespace: string, local: string): XmlElement[] {
  return parent.children.filter(
    (child): child is XmlElement => typeof child !== 'string' && child.local === local && child.namespace === namespace,
  );
}

/** The first of them. */
export function childNamed(parent: XmlElement, namespace: string, local: string): XmlElement | undefined {
  return childrenNamed(parent, namespace, local)[0];
}

/** The text of an element that has no elements inside, trimmed; undefined when it has. */
export function textOf(element: XmlElement): string | undefined {
  if (element.children.some((child) => typeof child !== 'string')) return undefined;
  return element.children.join('').trim();
}

/** The value of an attribute without a namespace. */
export function attributeOf(element: XmlElement, local: string): string | undefined {
  return element.attributes.find((one) => one.namespace === '' && one.local === local)?.value;
}
