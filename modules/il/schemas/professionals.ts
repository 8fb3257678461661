import { Type } from 'typebox';
import { Code, Day, Name, Text } from './fields.ts';

const closed = { additionalProperties: false } as const;
const optional = Type.Optional;

/** The block of a doctor or a pharmacist (domain.md Annex C, employee_doctor_create_request). */
export const Professional = Type.Object(
  {
    educations: Type.Array(
      Type.Object(
        {
          country: Code,
          city: Name,
          institution_name: Name,
          issued_date: optional(Day),
          diploma_number: Text,
          degree: Code,
          speciality: Name,
        },
        closed,
      ),
      { minItems: 1, maxItems: 50 },
    ),
    qualifications: optional(
      Type.Array(
        Type.Object(
          {
            type: Code,
            institution_name: Name,
            speciality: Name,
            issued_date: optional(Day),
            certificate_number: optional(Text),
            valid_to: optional(Day),
            additional_info: optional(Type.String({ maxLength: 1000 })),
          },
          closed,
        ),
        { minItems: 1, maxItems: 50 },
      ),
    ),
    specialities: Type.Array(
      Type.Object(
        {
          speciality: Code,
          speciality_officio: Type.Boolean(),
          level: Code,
          qualification_type: Code,
          attestation_name: Name,
          attestation_date: Day,
          valid_to_date: optional(Day),
          certificate_number: Text,
        },
        closed,
      ),
      { minItems: 1, maxItems: 50 },
    ),
    science_degree: optional(
      Type.Object(
        {
          country: Code,
          city: Name,
          degree: Code,
          institution_name: Name,
          diploma_number: Text,
          speciality: Name,
          issued_date: optional(Day),
        },
        closed,
      ),
    ),
  },
  { additionalProperties: true },
);
