import { oids } from '../asn1/oids.ts';
import type { Certificate } from './certificate.ts';
import { firstOf } from './names.ts';

/** Who signed, in the names of the reference's digital signature service (domain.md §2.11). Text, never integers. */
export type Signer = {
  /** Tax number of a person, or the passport number of one who refused it: letters and leading zeros occur. */
  drfo: string | null;
  /** Number of a legal entity in the state register. */
  edrpou: string | null;
  surname: string | null;
  given_name: string | null;
  common_name: string | null;
  organization_name: string | null;
  organizational_unit_name: string | null;
  title: string | null;
  country_name: string | null;
  state_or_province_name: string | null;
  locality_name: string | null;
  serial_number: string | null;
};

export const nobody: Signer = {
  drfo: null,
  edrpou: null,
  surname: null,
  given_name: null,
  common_name: null,
  organization_name: null,
  organizational_unit_name: null,
  title: null,
  country_name: null,
  state_or_province_name: null,
  locality_name: null,
  serial_number: null,
};

/** Identifiers from subjectDirectoryAttributes first, then from the semantic identifiers of ETSI EN 319 412-1 §5.1. */
export function signerOf(certificate: Certificate): Signer {
  const { subject_name, extensions } = certificate;
  const subject = (type: string) => firstOf(subject_name, type);
  return {
    drfo:
      firstOf(extensions.directory_attributes, oids.ua_drfo) ?? semantic(subject(oids.serial_number), person_prefix),
    edrpou:
      firstOf(extensions.directory_attributes, oids.ua_edrpou) ??
      semantic(subject(oids.organization_identifier), organization_prefix),
    surname: subject(oids.surname),
    given_name: subject(oids.given_name),
    common_name: subject(oids.common_name),
    organization_name: subject(oids.organization_name),
    organizational_unit_name: subject(oids.organizational_unit_name),
    title: subject(oids.title),
    country_name: subject(oids.country_name),
    state_or_province_name: subject(oids.state_or_province_name),
    locality_name: subject(oids.locality_name),
    serial_number: subject(oids.serial_number),
  };
}

const person_prefix = /^(?:TIN|PAS|IDC)UA-(.+)$/;
const organization_prefix = /^NTRUA-(.+)$/;

function semantic(text: string | null, form: RegExp): string | null {
  return (text && form.exec(text)?.[1]) || null;
}
