import { addDays, daysBetween } from '../calendar.ts';

export type Gender = 'MALE' | 'FEMALE';

/** Day 1 is 1900-01-01 (Order of the State Tax Service No. 822 of 2017, the structure of the registration number). */
const epoch = '1899-12-31';
const weights = [-1, 5, 7, 9, 4, 6, 10, 5, 7];

/** Serial numbers that one day of birth has for each gender. */
export const tax_id_serials_per_day = 5000;

/** Whether the text is a taxpayer's registration number (RNOKPP): ten digits, not all zero, the last one the check digit. */
export function isValidTaxId(text: string): boolean {
  if (!/^[0-9]{10}$/.test(text) || text === '0000000000') return false;
  return checkDigit(text) === Number(text[9]);
}

/**
 * The tax number of somebody born on that day: five digits of days since 1899-12-31, four of a serial whose last is odd
 * for men, and the check digit.
 * @param serial 0 … 4999, unique among those of one gender born that day.
 * @throws RangeError when the date cannot be expressed in five digits or the serial is out of range.
 */
export function makeTaxId(birth_date: string, gender: Gender, serial: number): string {
  const days = daysBetween(epoch, birth_date);
  if (days < 1 || days > 99_999)
    throw new RangeError(`a birth date from 1900-01-01 to 2173-10-14 expected, found ${birth_date}`);
  if (!Number.isInteger(serial) || serial < 0 || serial >= tax_id_serials_per_day) {
    throw new RangeError(`a serial from 0 to ${tax_id_serials_per_day - 1} expected, found ${serial}`);
  }
  const parity = 2 * (serial % 5) + (gender === 'MALE' ? 1 : 0);
  const body = `${String(days).padStart(5, '0')}${String(Math.floor(serial / 5)).padStart(3, '0')}${parity}`;
  return `${body}${checkDigit(body)}`;
}

/** The birth date that a valid tax number carries, or null. */
export function birthDateOfTaxId(tax_id: string): string | null {
  const days = Number(tax_id.slice(0, 5));
  return isValidTaxId(tax_id) && days > 0 ? addDays(epoch, days) : null;
}

/** The gender that a valid tax number carries, or null. */
export function genderOfTaxId(tax_id: string): Gender | null {
  if (!isValidTaxId(tax_id)) return null;
  return Number(tax_id[8]) % 2 === 1 ? 'MALE' : 'FEMALE';
}

function checkDigit(digits: string): number {
  const sum = weights.reduce((total, weight, place) => total + weight * Number(digits[place]), 0);
  return (((sum % 11) + 11) % 11) % 10;
}
