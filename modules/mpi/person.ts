import { CivilDate, Nullable, Uuid } from '@zdravo/kit/contract';
import { type Static, Type } from 'typebox';

const Document = Type.Object({ type: Type.String(), number: Type.String() });
const Phone = Type.Object({ type: Type.String(), number: Type.String() });
const Address = Type.Record(Type.String(), Type.Unknown());

/** How a person proves consent: a code to a phone, or documents. NA: not established yet. */
export const AuthenticationMethod = Type.Object({
  type: Type.Enum(['OTP', 'OFFLINE', 'NA']),
  phone_number: Type.Optional(Type.String()),
});
export type AuthenticationMethod = Static<typeof AuthenticationMethod>;

/** A person as the v2.0 API knows one (domain.md Annex C, `person`). Absent members are absent, never empty. */
export const Person = Type.Object({
  first_name: Type.String({ minLength: 1, maxLength: 255 }),
  last_name: Type.String({ minLength: 1, maxLength: 255 }),
  second_name: Type.Optional(Nullable(Type.String({ maxLength: 255 }))),
  birth_date: CivilDate,
  birth_country: Type.String(),
  birth_settlement: Type.String(),
  gender: Type.Enum(['MALE', 'FEMALE']),
  email: Type.Optional(Nullable(Type.String())),
  tax_id: Type.Optional(Nullable(Type.String())),
  secret: Type.Optional(Type.String()),
  documents: Type.Array(Document),
  addresses: Type.Array(Address),
  phones: Type.Optional(Nullable(Type.Array(Phone))),
  authentication_methods: Type.Array(AuthenticationMethod),
  emergency_contact: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  confidant_person: Type.Optional(Nullable(Type.Array(Type.Record(Type.String(), Type.Unknown())))),
  patient_signed: Type.Optional(Type.Boolean()),
  process_disclosure_data_consent: Type.Optional(Type.Boolean()),
  death_date: Type.Optional(Nullable(CivilDate)),
});
export type Person = Static<typeof Person>;

export const PersonRead = Type.Object({
  id: Uuid,
  requested_id: Uuid,
  pseudonym: Uuid,
  version: Type.Integer(),
  is_active: Type.Boolean(),
  merged_ids: Type.Array(Uuid),
  person: Person,
});
export type PersonRead = Static<typeof PersonRead>;
