import { isCivilDate } from '../calendar.ts';
import { isValidTaxId } from './tax-id.ts';

export const document_types = ['SSN', 'PASSPORT', 'NATIONAL_ID', 'BIRTH_CERTIFICATE', 'TEMPORARY_CERTIFICATE'] as const;
export type DocumentType = (typeof document_types)[number];

const capital = '[А-ЩЬЮЯҐЄІЇ]';

/** The form that the number of each document has: what is expected, in words, and the pattern. */
export const document_number_formats: Record<DocumentType, { pattern: RegExp; example: string }> = {
  SSN: { pattern: /^[0-9]{10}$/, example: '3126509816' },
  // The booklet of 1994: two capital letters of the series and six digits.
  PASSPORT: { pattern: new RegExp(`^${capital}{2}[0-9]{6}$`), example: 'КС123456' },
  // The card of 2016: nine digits.
  NATIONAL_ID: { pattern: /^[0-9]{9}$/, example: '000123456' },
  // A Roman numeral (typed in Latin or with Cyrillic look-alikes), two letters and six digits; forms of other times and
  // states differ, so that any 2 … 25 capitals, digits and № / ( ) - without blanks are let in.
  BIRTH_CERTIFICATE: { pattern: new RegExp(`^(?:${capital}|[A-Z0-9№/()-]){2,25}$`), example: 'І-АМ123456' },
  TEMPORARY_CERTIFICATE: {
    pattern: new RegExp(`^(?:${capital}{2}[0-9]{4,6}|${capital}{2}[0-9]{5}/[0-9]{5}|[0-9]{9})$`),
    example: 'ТП123456',
  },
};

/** Whether the number has the form of that document's; an unknown type has no form and is refused. */
export function isValidDocumentNumber(type: string, number: string): boolean {
  if (!Object.hasOwn(document_number_formats, type)) return false;
  if (!document_number_formats[type as DocumentType].pattern.test(number)) return false;
  return type !== 'SSN' || isValidTaxId(number);
}

/**
 * Whether the text is a record number of the Unified State Demographic Register (UNZR): `YYYYMMDD-NNNNN`, the date a real
 * one. The last digit is a check digit whose rule the register does not publish, so that it is not verified here.
 */
export function isValidUnzr(text: string): boolean {
  return birthDateOfUnzr(text) !== null;
}

/** The birth date inside a UNZR, or null when the text is none. */
export function birthDateOfUnzr(text: string): string | null {
  const match = /^([0-9]{4})([0-9]{2})([0-9]{2})-[0-9]{5}$/.exec(text);
  if (!match) return null;
  const date = `${match[1]}-${match[2]}-${match[3]}`;
  return isCivilDate(date) ? date : null;
}
