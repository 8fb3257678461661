// Generated from the migrated database by `npm run generate`; not to be edited.
import type { Generated, GeneratedAlways } from 'kysely';

export type Tables = {
  'prm.audit_log': {
    recorded_at: Generated<string>;
    request_id: string;
    actor_id: string | null;
    client_id: string | null;
    action: string;
    resource: string;
    resource_id: string | null;
    detail: unknown | null;
  };
  'prm.black_list_users': {
    id: string;
    tax_id: string;
    is_active: Generated<boolean>;
    inserted_by: string;
    updated_by: string;
    inserted_at: Generated<string>;
    updated_at: Generated<string>;
  };
  'prm.contract_employees': {
    id: string;
    contract_id: string;
    employee_id: string;
    division_id: string;
    staff_units: string;
    declaration_limit: number;
    start_date: string;
    end_date: string | null;
  };
  'prm.contracts': {
    id: string;
    contract_number: string;
    contractor_legal_entity_id: string;
    start_date: string;
    end_date: string;
    terminated_on: string | null;
    suspended_from: string | null;
    suspended_until: string | null;
    inserted_by: string;
    updated_by: string;
    inserted_at: Generated<string>;
    updated_at: Generated<string>;
  };
  'prm.divisions': {
    id: string;
    legal_entity_id: string;
    name: string;
    type: string;
    external_id: string | null;
    addresses: unknown;
    phones: unknown;
    email: string;
    location_longitude: string | null;
    location_latitude: string | null;
    mountain_group: Generated<boolean>;
    status: Generated<string>;
    is_active: Generated<boolean>;
    inserted_by: string;
    updated_by: string;
    inserted_at: Generated<string>;
    updated_at: Generated<string>;
    settlement_id: GeneratedAlways<string | null>;
  };
  'prm.employee_doctors': {
    employee_id: string;
    employee_type: Generated<string>;
    educations: unknown;
    qualifications: unknown | null;
    specialities: unknown;
    science_degree: unknown | null;
  };
  'prm.employee_pharmacists': {
    employee_id: string;
    employee_type: Generated<string>;
    educations: unknown;
    qualifications: unknown | null;
    specialities: unknown;
    science_degree: unknown | null;
  };
  'prm.employees': {
    id: string;
    party_id: string;
    legal_entity_id: string;
    division_id: string | null;
    employee_type: string;
    position: string;
    start_date: string;
    end_date: string | null;
    status: string;
    status_reason: string | null;
    is_active: Generated<boolean>;
    speciality: string | null;
    inserted_by: string;
    updated_by: string;
    inserted_at: Generated<string>;
    updated_at: Generated<string>;
  };
  'prm.legal_entities': {
    id: string;
    type: string;
    edrpou: string;
    name: string;
    short_name: string | null;
    public_name: string | null;
    owner_property_type: string;
    legal_form: string;
    kveds: string[];
    addresses: unknown;
    phones: unknown;
    email: string;
    status: Generated<string>;
    is_active: Generated<boolean>;
    mis_verified: Generated<string>;
    nhs_verified: Generated<boolean>;
    created_by_mis_client_id: string | null;
    inserted_by: string;
    updated_by: string;
    inserted_at: Generated<string>;
    updated_at: Generated<string>;
    area: GeneratedAlways<string | null>;
    settlement: GeneratedAlways<string | null>;
    settlement_id: GeneratedAlways<string | null>;
  };
  'prm.medical_service_providers': {
    legal_entity_id: string;
    type: Generated<string>;
    licenses: unknown;
    accreditation: unknown | null;
  };
  'prm.parties': {
    id: string;
    first_name: string;
    last_name: string;
    second_name: string | null;
    birth_date: string;
    gender: string;
    tax_id: string;
    no_tax_id: Generated<boolean>;
    documents: Generated<unknown>;
    phones: Generated<unknown>;
    inserted_by: string;
    updated_by: string;
    inserted_at: Generated<string>;
    updated_at: Generated<string>;
  };
  'prm.party_users': {
    user_id: string;
    party_id: string;
    inserted_at: Generated<string>;
  };
  'prm.registered_providers': {
    edrpou: string;
    type: string;
    name: string;
    inserted_at: Generated<string>;
  };
  'prm.status_history': {
    position: GeneratedAlways<number>;
    resource: string;
    resource_id: string;
    status: string;
    is_active: boolean;
    changed_at: Generated<string>;
  };
};
