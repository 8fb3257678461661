import type { Gender } from '../identifiers/tax-id.ts';

/** The shapes of API v2.0's declaration request (domain.md Annex C), which is closed: no other members. */
export type PersonDocument = { type: string; number: string };
export type PersonPhone = { type: string; number: string };

export type PersonAddress = {
  type: 'REGISTRATION' | 'RESIDENCE';
  country: string;
  area: string;
  region?: string;
  settlement: string;
  settlement_type: string;
  settlement_id: string;
  street_type?: string;
  street?: string;
  building: string;
  apartment?: string;
  zip?: string;
};

export type AuthenticationMethod = { type: 'OTP'; phone_number: string } | { type: 'OFFLINE' };

type FullName = { first_name: string; last_name: string; second_name?: string };

export type ConfidantPerson = FullName & {
  relation_type: 'PRIMARY' | 'SECONDARY';
  birth_date: string;
  birth_country: string;
  birth_settlement: string;
  gender: Gender;
  tax_id?: string;
  secret: string;
  documents_person: PersonDocument[];
  documents_relationship: PersonDocument[];
  phones?: PersonPhone[];
};

export type DeclarationPerson = FullName & {
  birth_date: string;
  birth_country: string;
  birth_settlement: string;
  gender: Gender;
  email?: string;
  tax_id?: string;
  secret: string;
  documents: PersonDocument[];
  addresses: PersonAddress[];
  phones?: PersonPhone[];
  authentication_methods: AuthenticationMethod[];
  emergency_contact: FullName & { phones: PersonPhone[] };
  confidant_person?: ConfidantPerson[];
  patient_signed: false;
  process_disclosure_data_consent: true;
};

export type GeneratedDeclaration = {
  id: string;
  declaration_request_id: string;
  legal_entity_id: string;
  division_id: string;
  employee_id: string;
  start_date: string;
  mountain_group: boolean;
};

export type GeneratedPerson = {
  /** 0, 1, 2 … in the country. */
  index: number;
  id: string;
  /** Index of the first member of the household. */
  household: number;
  /** Indexes of those who live in the same household, else null. */
  mother: number | null;
  father: number | null;
  twin: number | null;
  /** The family name before marriage, when it was changed. */
  maiden_name: string | null;
  person: DeclarationPerson;
  declaration: GeneratedDeclaration;
};

export type Speciality = 'THERAPIST' | 'PEDIATRICIAN' | 'FAMILY_DOCTOR';

export type GeneratedParty = FullName & {
  id: string;
  birth_date: string;
  gender: Gender;
  tax_id: string;
  no_tax_id: false;
  email: string;
  documents: PersonDocument[];
  phones: PersonPhone[];
};

/** The doctor's block of an employee request (domain.md Annex C). */
export type GeneratedDoctor = {
  educations: Record<string, string>[];
  qualifications: Record<string, string>[];
  specialities: {
    speciality: Speciality;
    speciality_officio: boolean;
    level: string;
    qualification_type: string;
    attestation_name: string;
    attestation_date: string;
    valid_to_date: string;
    certificate_number: string;
  }[];
};

export type GeneratedEmployee = {
  id: string;
  employee_type: 'OWNER' | 'HR' | 'DOCTOR';
  position: string;
  start_date: string;
  /** Null for those who work for the whole legal entity. */
  division_id: string | null;
  speciality: Speciality | null;
  party: GeneratedParty;
  doctor: GeneratedDoctor | null;
};

export type GeneratedDivision = {
  id: string;
  name: string;
  type: string;
  addresses: PersonAddress[];
  phones: PersonPhone[];
  email: string;
  /** In or near its settlement; absent where nobody knows where that lies. */
  location?: { latitude: number; longitude: number };
  mountain_group: boolean;
  settlement_id: string;
};

export type GeneratedLegalEntity = {
  id: string;
  name: string;
  short_name: string;
  public_name: string;
  type: 'MSP';
  owner_property_type: 'STATE' | 'PRIVATE';
  legal_form: string;
  edrpou: string;
  kveds: string[];
  addresses: PersonAddress[];
  phones: PersonPhone[];
  email: string;
  medical_service_provider: { licenses: Record<string, string>[]; accreditation: Record<string, string> };
};

export type GeneratedClinic = {
  index: number;
  legal_entity: GeneratedLegalEntity;
  divisions: GeneratedDivision[];
  employees: GeneratedEmployee[];
};
