import { createHash, randomBytes } from 'node:crypto';
import { oids } from '../asn1/oids.ts';
import {
  bitString,
  boolean,
  context,
  contextPrimitive,
  element,
  ia5,
  integer,
  namedBits,
  octetString,
  oid,
  printableString,
  sequence,
  setOf,
  time,
  utf8String,
} from '../asn1/writer.ts';
import type { SigningKey } from './signing-keys.ts';

export type NameParts = [type: string, value: string | undefined][];

/** What a certificate is to say; the writer adds identifiers of keys. */
export type CertificatePlan = {
  /** DER of the issuer's name. */
  issuer: Uint8Array;
  /** DER of the subject's name. */
  subject: Uint8Array;
  not_before: Date;
  not_after: Date;
  serial?: Uint8Array;
  extensions: Uint8Array[];
};

/** Writes and signs an X.509 v3 certificate (RFC 5280 §4.1), marked as one for development. */
export function writeCertificate(plan: CertificatePlan, public_key: Uint8Array, signer: SigningKey): Uint8Array {
  const tbs = sequence(
    context(0, integer(2)),
    integer(plan.serial ?? randomSerial()),
    signer.signature_algorithm,
    plan.issuer,
    sequence(time(plan.not_before), time(plan.not_after)),
    plan.subject,
    public_key,
    context(3, sequence(...plan.extensions, developmentExtension())),
  );
  return sequence(tbs, signer.signature_algorithm, bitString(signer.sign(tbs)));
}

function randomSerial(): Uint8Array {
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x3f) | 0x40;
  return serial;
}

/** X.501 Name; countryName and serialNumber are PrintableString (X.520). */
export function writeName(parts: NameParts): Uint8Array {
  const present = parts.filter((part): part is [string, string] => part[1] !== undefined);
  return sequence(...present.map(([type, value]) => setOf([sequence(oid(type), writeText(type, value))])));
}

function writeText(type: string, value: string): Uint8Array {
  return type === oids.country_name || type === oids.serial_number ? printableString(value) : utf8String(value);
}

export function extension(id: string, value: Uint8Array, critical = false): Uint8Array {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octetString(value));
}

export function keyUsageExtension(mask: number): Uint8Array {
  return extension(oids.key_usage, namedBits(mask), true);
}

export function authorityExtension(path_length?: number): Uint8Array {
  const length = path_length === undefined ? [] : [integer(path_length)];
  return extension(oids.basic_constraints, sequence(boolean(true), ...length), true);
}

export function purposesExtension(purposes: string[], critical = false): Uint8Array {
  return extension(oids.extended_key_usage, sequence(...purposes.map(oid)), critical);
}

/** subjectDirectoryAttributes with the Ukrainian identifiers, as accredited authorities write them. */
export function directoryAttributesExtension(attributes: NameParts): Uint8Array[] {
  const present = attributes.filter((part): part is [string, string] => part[1] !== undefined);
  if (present.length === 0) return [];
  const written = present.map(([type, value]) => sequence(oid(type), setOf([writeIdentifier(value)])));
  return [extension(oids.subject_directory_attributes, sequence(...written))];
}

function writeIdentifier(value: string): Uint8Array {
  return /^[0-9A-Za-z ]*$/.test(value) ? printableString(value) : utf8String(value);
}

export function keyIdentifierExtension(public_key: Uint8Array): Uint8Array {
  return extension(oids.subject_key_identifier, octetString(keyIdentifier(public_key)));
}

export function authorityKeyExtension(public_key: Uint8Array): Uint8Array {
  return extension(oids.authority_key_identifier, sequence(contextPrimitive(0, keyIdentifier(public_key))));
}

/** A certificate policy by which a platform in production knows and refuses it. */
function developmentExtension(): Uint8Array {
  return extension(oids.certificate_policies, sequence(sequence(oid(oids.development_certificates))));
}

function keyIdentifier(public_key: Uint8Array): Uint8Array {
  return createHash('sha256').update(public_key).digest().subarray(0, 20);
}

export function ocspAddressExtension(address: string): Uint8Array {
  return extension(oids.authority_information_access, sequence(sequence(oid(oids.ocsp), element(0x86, ia5(address)))));
}

export function crlAddressExtension(address: string): Uint8Array {
  return extension(
    oids.crl_distribution_points,
    sequence(sequence(context(0, context(0, element(0x86, ia5(address)))))),
  );
}

export function sealExtension(): Uint8Array {
  return extension(oids.qc_statements, sequence(sequence(oid(oids.qc_type), sequence(oid(oids.qc_type_seal)))));
}
