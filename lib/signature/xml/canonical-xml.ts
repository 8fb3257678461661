import type { XmlAttribute, XmlElement } from './xml-reader.ts';

export type Canonicalization = {
  /** Exclusive (W3C REC-xml-exc-c14n): only the namespaces that are used. Otherwise Canonical XML 1.0: all in force. */
  exclusive: boolean;
  /** InclusiveNamespaces PrefixList: prefixes that are written wherever they are in force; '' is the default namespace. */
  prefixes?: readonly string[];
  /** An element left out: the signature, under the enveloped-signature transform. */
  without?: XmlElement;
};

/** The canonical form of an element, without comments, as UTF-8 text. */
export function canonicalXml(apex: XmlElement, how: Canonicalization): string {
  const pieces: string[] = [];
  write(apex, new Map(), how, pieces, how.exclusive ? [] : inheritedAttributes(apex));
  return pieces.join('');
}

type Namespaces = ReadonlyMap<string, string>;

function write(
  element: XmlElement,
  written: Namespaces,
  how: Canonicalization,
  pieces: string[],
  more: XmlAttribute[],
) {
  const namespaces = namespacesToWrite(element, written, how);
  const attributes = [...element.attributes, ...more].toSorted(byNamespaceThenName);
  const declared = namespaces.map(([prefix, uri]) => ` xmlns${prefix && ':'}${prefix}="${escapeValue(uri)}"`);
  const others = attributes.map(({ name, value }) => ` ${name}="${escapeValue(value)}"`);
  pieces.push('<', element.name, ...declared, ...others, '>');
  const inside = namespaces.length > 0 ? new Map([...written, ...namespaces]) : written;
  for (const child of element.children) {
    if (typeof child === 'string') pieces.push(escapeText(child));
    else if (child !== how.without) write(child, inside, how, pieces, []);
  }
  pieces.push('</', element.name, '>');
}

/** Prefix and name of each namespace that has to be written here, in order. */
function namespacesToWrite(element: XmlElement, written: Namespaces, { exclusive, prefixes = [] }: Canonicalization) {
  const { scope } = element;
  const used = [element.prefix, ...element.attributes.map(({ prefix }) => prefix).filter((prefix) => prefix !== '')];
  const wanted = exclusive ? [...used, ...prefixes.filter((prefix) => scope.has(prefix))] : [...used, ...scope.keys()];
  return [...new Set(wanted)]
    .filter((prefix) => prefix !== 'xml')
    .map((prefix): [string, string] => [prefix, scope.get(prefix) ?? ''])
    .filter(([prefix, uri]) => (written.get(prefix) ?? '') !== uri)
    .toSorted(([one], [other]) => compareCodePoints(one, other));
}

/** Canonical XML 1.0 §2.4: attributes of the xml namespace come down from the ancestors that are left out. */
function inheritedAttributes(apex: XmlElement): XmlAttribute[] {
  const inherited = new Map<string, XmlAttribute>();
  for (let ancestor = apex.parent; ancestor; ancestor = ancestor.parent)
    for (const attribute of ancestor.attributes)
      if (attribute.prefix === 'xml' && !inherited.has(attribute.name)) inherited.set(attribute.name, attribute);
  for (const { name } of apex.attributes) inherited.delete(name);
  return [...inherited.values()];
}

function byNamespaceThenName(one: XmlAttribute, other: XmlAttribute): number {
  return compareCodePoints(one.namespace, other.namespace) || compareCodePoints(one.local, other.local);
}

/** By code points, as UTF-8 sorts. */
function compareCodePoints(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

const in_text: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#xD;' };
const in_value: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '"': '&quot;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
};

function escapeText(text: string): string {
  return text.replaceAll(/[&<>\r]/g, (character) => in_text[character]!);
}

function escapeValue(value: string): string {
  return value.replaceAll(/[&<"\t\n\r]/g, (character) => in_value[character]!);
}
