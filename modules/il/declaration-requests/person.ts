import { Type } from 'typebox';
import { Address, Code, Document, Email, Id, Name, PhoneNumber, Text } from '../schemas/fields.ts';

const optional = Type.Optional;
const closed = { additionalProperties: false } as const;
const Phone = Type.Object({ type: Code, number: PhoneNumber }, closed);
const Phones = Type.Array(Phone, { maxItems: 20 });
/** P11: eight or ten digits, not beginning with a zero. */
const TaxId = Type.String({ minLength: 10, pattern: '^[1-9]([0-9]{7}|[0-9]{9})$' });
const Secret = Type.Intersect([Name, Type.String({ minLength: 6 })]);
const BirthDate = Type.String({ format: 'date' });
const Documents = Type.Array(Document, { minItems: 1, maxItems: 20 });

const identity = {
  first_name: Name,
  last_name: Name,
  birth_date: BirthDate,
  birth_country: Text,
  birth_settlement: Name,
  gender: Code,
  tax_id: optional(TaxId),
  secret: Secret,
};

const ConfidantPerson = Type.Object(
  {
    relation_type: Type.Enum(['PRIMARY', 'SECONDARY']),
    ...identity,
    second_name: optional(Type.String({ maxLength: 255 })),
    documents_person: Documents,
    documents_relationship: Documents,
    phones: optional(Phones),
  },
  closed,
);

/** A patient as a declaration request describes one (domain.md Annex C): closed, no other members. */
export const RequestPerson = Type.Object(
  {
    ...identity,
    second_name: optional(Name),
    email: optional(Email),
    documents: Documents,
    addresses: Type.Array(Address, { minItems: 2, maxItems: 2 }),
    phones: optional(Phones),
    authentication_methods: Type.Array(Type.Object({ type: Code, phone_number: optional(PhoneNumber) }, closed), {
      maxItems: 10,
    }),
    emergency_contact: Type.Object(
      {
        first_name: Name,
        last_name: Name,
        second_name: optional(Name),
        phones: Type.Array(Phone, { minItems: 1, maxItems: 20 }),
      },
      closed,
    ),
    confidant_person: optional(Type.Array(ConfidantPerson, { maxItems: 10 })),
    patient_signed: Type.Literal(false),
    process_disclosure_data_consent: Type.Literal(true),
  },
  closed,
);

export const DeclarationRequestInput = Type.Object(
  {
    start_date: optional(Type.String({ maxLength: 64 })),
    person: RequestPerson,
    employee_id: Id,
    division_id: Id,
    scope: Text,
    seed: optional(Type.String({ maxLength: 300 })),
  },
  closed,
);
