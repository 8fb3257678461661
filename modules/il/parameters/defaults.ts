/** The reference's values (domain.md §2.3); a term is a number with its unit beside it. */
export const default_parameters = {
  billing_date: '1',
  verification_request_term: '3',
  verification_request_term_unit: 'DAYS',
  verification_request_expiration: '1',
  declaration_request_term: '1',
  declaration_request_term_unit: 'DAYS',
  declaration_request_expiration: '1',
  declaration_request_expiration_unit: 'DAYS',
  declaration_term: '365',
  declaration_term_unit: 'DAYS',
  adult_age: '18',
  employee_request_term: '30',
  employee_request_term_unit: 'DAYS',
  employee_request_expiration: '29',
  employee_request_expiration_unit: 'DAYS',
  phone_number_auth_limit: '10',
  declaration_limit_pediatrician: '900',
  declaration_limit_therapist: '2000',
  declaration_limit_family_doctor: '1800',
  // Not of the reference: how long the records of an ended declaration are kept against a patient's own wish.
  erasure_retention_days: '1826',
} as const;

export type ParameterName = keyof typeof default_parameters;

/** In what a term may be told. */
export const units = ['SECONDS', 'HOURS', 'DAYS', 'MONTHS', 'YEARS'] as const;
export type Unit = (typeof units)[number];
