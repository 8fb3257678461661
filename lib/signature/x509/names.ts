import { oids } from '../asn1/oids.ts';
import { Asn1Error, type Asn1Node, childrenOf } from '../asn1/reader.ts';
import { expectTag, fieldsOf, oidOf, tag, textOf } from '../asn1/values.ts';

/** Attributes of a distinguished name: type → values in their order. */
export type Name = Map<string, string[]>;

/** Reads an X.501 Name (RFC 5280 §4.1.2.4). */
export function readName(node: Asn1Node): Name {
  const name: Name = new Map();
  for (const part of childrenOf(expectTag(node, tag.sequence, 'Name'))) {
    for (const attribute of childrenOf(expectTag(part, tag.set, 'RelativeDistinguishedName'))) {
      const fields = fieldsOf(attribute, 'AttributeTypeAndValue');
      const type = oidOf(fields.take(tag.oid, 'type'));
      addText(name, type, fields.takeAny('value'));
    }
  }
  return name;
}

/** Reads subjectDirectoryAttributes (RFC 5280 §4.2.1.8): only attributes whose values are texts matter here. */
export function readDirectoryAttributes(node: Asn1Node): Name {
  const attributes: Name = new Map();
  for (const attribute of childrenOf(expectTag(node, tag.sequence, 'SubjectDirectoryAttributes'))) {
    const fields = fieldsOf(attribute, 'Attribute');
    const type = oidOf(fields.take(tag.oid, 'type'));
    for (const value of childrenOf(fields.take(tag.set, 'values'))) addText(attributes, type, value);
  }
  return attributes;
}

function addText(name: Name, type: string, value: Asn1Node): void {
  const text = findText(value);
  if (text === undefined) return;
  name.set(type, [...(name.get(type) ?? []), text]);
}

function findText(value: Asn1Node): string | undefined {
  try {
    return textOf(value);
  } catch (error) {
    if (error instanceof Asn1Error) return undefined;
    throw error;
  }
}

/** First value of an attribute, or null: what an answer shows. */
export function firstOf(name: Name, type: string): string | null {
  return name.get(type)?.[0] ?? null;
}

/** A name in one line for messages and logs of trust lists (never for comparison). */
export function displayName(name: Name): string {
  return firstOf(name, oids.common_name) ?? firstOf(name, oids.organization_name) ?? '(no name)';
}
