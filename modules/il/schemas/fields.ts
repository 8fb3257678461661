import { Type } from 'typebox';

// Fields of the reference's schemas with their patterns (domain.md Annex C, Patterns), and a bound on every free text.

const longest = 255;

/** P1: a name or a text; Latin or Ukrainian letters, no letters that only Russian has. */
export const Name = Type.String({
  maxLength: longest,
  pattern: '^(?!.*[ЫЪЭЁыъэё@%&$^#])[a-zA-ZА-ЯҐЇІЄа-яґїіє0-9№"!^*)\\]\\[(._-].*$',
});
/** P2 */
export const Edrpou = Type.String({ pattern: '^[0-9]{8,10}$' });
/** P3 */
export const Building = Type.String({
  maxLength: longest,
  pattern:
    '^[1-9]([0-9]{1,3})?(([ \\-]{1})?(?![ЫЪЭЁыъэё])[А-ЯҐЇЄа-яґїє]{1})?((\\s)?(\\\\|\\/)(\\s)?[1-9]([0-9]{1,3})?(([ \\-]{1})?(?![ЫЪЭЁыъэё])[А-ЯҐЇЄа-яґїє]{1})?)?$',
});
/** P4 */
export const Zip = Type.String({ pattern: '^[0-9]{5}$' });
/** P5 */
export const PhoneNumber = Type.String({ pattern: '^\\+38[0-9]{10}$' });
/** P6: of staff; a tax number, or series and number of the passport. */
export const StaffTaxId = Type.String({ pattern: '^([0-9]{9,10}|[А-ЯЁЇIЄҐ]{2}\\d{6})$' });
/** P7: a day of the calendar. */
export const Day = Type.String({ format: 'date' });
/** P9 */
export const Id = Type.String({ pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' });
/** A code of a dictionary; which one is checked after the shape. */
export const Code = Type.String({ minLength: 1, maxLength: 64 });
export const Text = Type.String({ minLength: 1, maxLength: longest });
export const Email = Type.String({ format: 'email', maxLength: longest });

export const Phone = Type.Object({ type: Code, number: PhoneNumber }, { additionalProperties: false });
export const Phones = Type.Array(Phone, { minItems: 1, maxItems: 50 });
export const Document = Type.Object({ type: Code, number: Text }, { additionalProperties: false });
export const Documents = Type.Array(Document, { minItems: 1, maxItems: 50 });

export const Address = Type.Object(
  {
    type: Code,
    country: Code,
    area: Name,
    region: Type.Optional(Name),
    settlement: Name,
    settlement_type: Code,
    settlement_id: Id,
    street_type: Type.Optional(Code),
    street: Type.Optional(Name),
    building: Building,
    apartment: Type.Optional(Type.String({ maxLength: longest })),
    zip: Type.Optional(Zip),
  },
  { additionalProperties: false },
);
export const Addresses = Type.Array(Address, { minItems: 1, maxItems: 20 });
