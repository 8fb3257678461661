import { Type } from 'typebox';
import { Addresses, Code, Day, Documents, Edrpou, Email, Name, Phones, StaffTaxId } from '../schemas/fields.ts';

const optional = Type.Optional;
const open = { additionalProperties: true } as const;

/** The signed content of a registration (domain.md Annex C, legal_entity_create_request). */
export const Registration = Type.Object(
  {
    name: Name,
    short_name: optional(Name),
    public_name: optional(Name),
    type: Type.Enum(['MSP', 'PHARMACY']),
    owner_property_type: Code,
    legal_form: Code,
    edrpou: Edrpou,
    kveds: Type.Array(Code, { minItems: 1, maxItems: 100 }),
    addresses: Addresses,
    phones: Phones,
    email: Email,
    owner: Type.Object(
      {
        first_name: Name,
        last_name: Name,
        second_name: optional(Name),
        position: Code,
        tax_id: StaffTaxId,
        no_tax_id: optional(Type.Boolean()),
        birth_date: Day,
        gender: Code,
        email: Email,
        documents: optional(Documents),
        phones: optional(Phones),
      },
      open,
    ),
    medical_service_provider: Type.Object(
      {
        licenses: Type.Array(
          Type.Object(
            {
              license_number: optional(Name),
              issued_by: Name,
              issued_date: Day,
              expiry_date: optional(Day),
              active_from_date: Day,
              what_licensed: optional(Name),
              order_no: Name,
            },
            open,
          ),
          { minItems: 1, maxItems: 100 },
        ),
        accreditation: optional(
          Type.Object(
            {
              category: Code,
              issued_date: optional(Day),
              expiry_date: optional(Day),
              order_no: Name,
              order_date: optional(Day),
            },
            open,
          ),
        ),
      },
      open,
    ),
    status: optional(Type.Enum(['ACTIVE', 'CLOSED'])),
    mis_verified: optional(Type.Enum(['VERIFIED', 'NOT_VERIFIED'])),
    security: Type.Object(
      { redirect_uri: Type.String({ maxLength: 2000, format: 'uri', pattern: '^https?://.+' }) },
      open,
    ),
    public_offer: Type.Object(
      { consent: Type.Literal(true), consent_text: Type.String({ minLength: 1, maxLength: 20_000 }) },
      open,
    ),
  },
  { additionalProperties: false },
);
