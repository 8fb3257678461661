import { Asn1Error, type Asn1Node, childrenOf } from '../asn1/reader.ts';
import { booleanOf, fieldsOf, octetsOf, oidOf, tag } from '../asn1/values.ts';

export type Extension = { id: string; is_critical: boolean; value: Uint8Array };

/** Extensions (RFC 5280 §4.1.2.9), the same in certificates, lists, requests and answers: none may occur twice. Throws Asn1Error. */
export function readExtensionList(list: Asn1Node): Extension[] {
  const extensions = childrenOf(list).map(readExtension);
  const ids = new Set(extensions.map(({ id }) => id));
  if (ids.size < extensions.length) throw new Asn1Error('An extension is there twice');
  return extensions;
}

function readExtension(node: Asn1Node): Extension {
  const fields = fieldsOf(node, 'Extension');
  const id = oidOf(fields.take(tag.oid, 'extnID'));
  const critical = fields.optional(tag.boolean);
  const value = octetsOf(fields.take(tag.octet_string, 'extnValue'));
  fields.end();
  return { id, is_critical: critical !== undefined && booleanOf(critical), value };
}
