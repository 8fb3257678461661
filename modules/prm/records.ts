/** The shapes of API v2.0 for partners (api-v2.0.apib, Data Structures). Absent values are null. */
export type Phone = { type: string; number: string };
export type Document = { type: string; number: string };
export type Address = {
  type: string;
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

type Stamps = { inserted_by: string; updated_by: string; inserted_at: string; updated_at: string };

export type LegalEntityType = 'MSP' | 'PHARMACY' | 'MIS' | 'NHS';

export type MedicalServiceProvider = {
  licenses: Record<string, unknown>[];
  accreditation: Record<string, unknown> | null;
};

export type LegalEntity = Stamps & {
  /** Also the id of its OAuth client. */
  id: string;
  type: LegalEntityType;
  edrpou: string;
  name: string;
  short_name: string | null;
  public_name: string | null;
  owner_property_type: string;
  legal_form: string;
  kveds: string[];
  addresses: Address[];
  phones: Phone[];
  email: string;
  medical_service_provider: MedicalServiceProvider | null;
  status: 'ACTIVE' | 'CLOSED';
  is_active: boolean;
  mis_verified: 'VERIFIED' | 'NOT_VERIFIED';
  nhs_verified: boolean;
  created_by_mis_client_id: string | null;
};

export type Division = Stamps & {
  id: string;
  legal_entity_id: string;
  name: string;
  type: string;
  external_id: string | null;
  addresses: Address[];
  phones: Phone[];
  email: string;
  location: { longitude: number; latitude: number } | null;
  mountain_group: boolean;
  status: 'ACTIVE' | 'INACTIVE';
  is_active: boolean;
};

export type Party = {
  id: string;
  first_name: string;
  last_name: string;
  second_name: string | null;
  birth_date: string;
  gender: string;
  /** Series and number of the passport when `no_tax_id`. */
  tax_id: string;
  no_tax_id: boolean;
  documents: Document[];
  phones: Phone[];
};

export type Speciality = {
  speciality: string;
  speciality_officio: boolean;
  level: string;
  qualification_type: string;
  attestation_name: string;
  attestation_date: string;
  valid_to_date?: string;
  certificate_number: string;
};

/** The block of a doctor or a pharmacist (domain.md Annex C). */
export type Professional = {
  educations: Record<string, unknown>[];
  qualifications: Record<string, unknown>[] | null;
  specialities: Speciality[];
  science_degree: Record<string, unknown> | null;
};

export type Employee = Stamps & {
  id: string;
  party_id: string;
  legal_entity_id: string;
  division_id: string | null;
  employee_type: string;
  position: string;
  start_date: string;
  end_date: string | null;
  status: 'APPROVED' | 'DISMISSED';
  status_reason: string | null;
  is_active: boolean;
  speciality: string | null;
  party: Party;
  doctor: Professional | null;
  pharmacist: Professional | null;
};
