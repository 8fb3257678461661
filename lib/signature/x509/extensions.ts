import { oids } from '../asn1/oids.ts';
import { type Asn1Node, bodyOf, childrenOf, readAsn1 } from '../asn1/reader.ts';
import { booleanOf, fieldsOf, namedBitsOf, octetsOf, oidOf, smallIntegerOf, tag } from '../asn1/values.ts';
import { readExtensionList } from './extension-list.ts';
import { type Name, readDirectoryAttributes } from './names.ts';

/** What the rules of this package need from a certificate's extensions (RFC 5280 §4.2). */
export type Extensions = {
  is_authority: boolean;
  path_length: number | undefined;
  /** Mask of `key_usage` bits, or undefined when the extension is absent. */
  key_usage: number | undefined;
  purposes: string[] | undefined;
  directory_attributes: Name;
  subject_key_identifier: Uint8Array | undefined;
  authority_key_identifier: Uint8Array | undefined;
  policies: string[];
  is_seal: boolean;
  crl_addresses: string[];
  ocsp_addresses: string[];
  ocsp_no_check: boolean;
  /** Critical extensions that nobody here understands: the certificate must be refused. */
  unknown_critical: string[];
};

/** Bits of keyUsage (RFC 5280 §4.2.1.3). */
export const key_usage = {
  digital_signature: 1 << 0,
  non_repudiation: 1 << 1,
  key_encipherment: 1 << 2,
  key_agreement: 1 << 4,
  key_cert_sign: 1 << 5,
  crl_sign: 1 << 6,
} as const;

type Reader = (node: Asn1Node, into: Extensions) => void;

const readers: Record<string, Reader> = {
  [oids.basic_constraints]: readBasicConstraints,
  [oids.key_usage]: (node, into) => {
    into.key_usage = namedBitsOf(node);
  },
  [oids.extended_key_usage]: (node, into) => {
    into.purposes = childrenOf(node).map(oidOf);
    if (into.purposes.includes(oids.ua_purpose_seal)) into.is_seal = true;
  },
  [oids.subject_directory_attributes]: (node, into) => {
    into.directory_attributes = readDirectoryAttributes(node);
  },
  [oids.subject_key_identifier]: (node, into) => {
    into.subject_key_identifier = octetsOf(node);
  },
  [oids.authority_key_identifier]: (node, into) => {
    const id = childrenOf(node).find((part) => part.id === 0x80);
    into.authority_key_identifier = id && bodyOf(id);
  },
  [oids.certificate_policies]: (node, into) => {
    into.policies = childrenOf(node).map((policy) =>
      oidOf(fieldsOf(policy, 'PolicyInformation').take(tag.oid, 'policy')),
    );
  },
  [oids.qc_statements]: readQcStatements,
  [oids.crl_distribution_points]: (node, into) => {
    into.crl_addresses = addressesIn(node);
  },
  [oids.authority_information_access]: readAuthorityInformation,
  [oids.ocsp_no_check]: (_node, into) => {
    into.ocsp_no_check = true;
  },
};

/** Extensions that may be critical: those whose meaning is enforced by this package. */
const enforced = new Set<string>([
  oids.basic_constraints,
  oids.key_usage,
  oids.extended_key_usage,
  oids.certificate_policies,
  oids.qc_statements,
  oids.subject_directory_attributes,
]);

export function readExtensions(list: Asn1Node | undefined): Extensions {
  const into = emptyExtensions();
  for (const { id, is_critical, value } of list ? readExtensionList(list) : []) {
    if (is_critical && !enforced.has(id)) into.unknown_critical.push(id);
    readers[id]?.(readAsn1(value), into);
  }
  return into;
}

function emptyExtensions(): Extensions {
  return {
    is_authority: false,
    path_length: undefined,
    key_usage: undefined,
    purposes: undefined,
    directory_attributes: new Map(),
    subject_key_identifier: undefined,
    authority_key_identifier: undefined,
    policies: [],
    is_seal: false,
    crl_addresses: [],
    ocsp_addresses: [],
    ocsp_no_check: false,
    unknown_critical: [],
  };
}

function readBasicConstraints(node: Asn1Node, into: Extensions): void {
  const fields = fieldsOf(node, 'BasicConstraints');
  const authority = fields.optional(tag.boolean);
  const path_length = fields.optional(tag.integer);
  fields.end();
  into.is_authority = authority !== undefined && booleanOf(authority);
  into.path_length = path_length && smallIntegerOf(path_length);
}

/** ETSI EN 319 412-5 §4.2.3: a certificate for electronic seals says so by its QcType. */
function readQcStatements(node: Asn1Node, into: Extensions): void {
  for (const statement of childrenOf(node)) {
    const fields = fieldsOf(statement, 'QCStatement');
    const id = oidOf(fields.take(tag.oid, 'statementId'));
    const types = id === oids.qc_type ? fields.optional(tag.sequence) : undefined;
    if (types && childrenOf(types).map(oidOf).includes(oids.qc_type_seal)) into.is_seal = true;
  }
}

function readAuthorityInformation(node: Asn1Node, into: Extensions): void {
  for (const access of childrenOf(node)) {
    const fields = fieldsOf(access, 'AccessDescription');
    const method = oidOf(fields.take(tag.oid, 'accessMethod'));
    const location = fields.takeAny('accessLocation');
    if (method === oids.ocsp && location.id === 0x86) into.ocsp_addresses.push(addressOf(location));
  }
}

function addressesIn(node: Asn1Node): string[] {
  if (node.id === 0x86) return [addressOf(node)];
  return node.id & 0x20 ? childrenOf(node).flatMap(addressesIn) : [];
}

function addressOf(node: Asn1Node): string {
  return new TextDecoder('latin1').decode(bodyOf(node));
}
