import { daysInMonth } from '../calendar.ts';
import { type Gender, makeTaxId } from '../identifiers/tax-id.ts';
import { type Seed, shuffled } from './random.ts';

/** Persons who are generated together: the unit that a worker can make on its own. */
export const block_size = 128;
/** Tax numbers that a block may give to those of one gender born in one year. */
export const slots_per_block = 3;

const serials = 2500;
const series_letters = 'АВЕКМНОРСТ';
const operators = ['39', '50', '63', '66', '67', '68', '73', '91', '92', '93', '94', '95', '96', '97', '98', '99'];

/** A day of birth and a serial of the tax number that belong to one slot of one block, and to no other. */
export type BirthSlot = { birth_date: string; serial: number };

/** Whom a slot is for: tax numbers of the two genders never meet, as one digit differs in parity. */
export type SlotPlace = { year: number; gender: Gender; block: number; slot: number };

/**
 * The day and serial of a block's slot: distinct among one gender's of one year for the first 304 166 blocks (38.9 million
 * persons), so that no two persons share a tax number. Each year and gender begins elsewhere, so that a block's persons do
 * not share birthdays. Serials are even; the odd one after it is for a twin.
 */
export function birthSlot(seed: Seed, { year, gender, block, slot }: SlotPlace): BirthSlot {
  const days = daysInMonth(year, 2) === 29 ? 366 : 365;
  const size = days * serials;
  const beginning = (year * 2 + (gender === 'MALE' ? 1 : 0)) * 130_363;
  const place = shuffled(seed, beginning + ((block * slots_per_block + slot) % size), size, 373_587_883);
  return { birth_date: dayOfYear(year, place % days), serial: 2 * Math.floor(place / days) };
}

/** The day of the year, counted from 0. */
export function dayOfYear(year: number, day: number): string {
  let month = 1;
  let rest = day;
  for (; rest >= daysInMonth(year, month); month += 1) rest -= daysInMonth(year, month);
  return `${year}-${String(month).padStart(2, '0')}-${String(rest + 1).padStart(2, '0')}`;
}

/** A doctor's tax number and birthday: odd serials, distinct for the first 912 500 members of staff. */
export function staffTaxId(
  seed: Seed,
  year: number,
  gender: Gender,
  number: number,
): { birth_date: string; tax_id: string } {
  const days = 365;
  const place = shuffled(seed, number, days * serials, 373_587_883);
  const birth_date = dayOfYear(year, place % days);
  return { birth_date, tax_id: makeTaxId(birth_date, gender, 2 * Math.floor(place / days) + 1) };
}

/** The booklet passport's series and number: distinct for 100 million persons. */
export function passportNumber(seed: Seed, index: number): string {
  const place = shuffled(seed, index, 100_000_000, 61_803_399);
  return series(Math.floor(place / 1_000_000)) + String(place % 1_000_000).padStart(6, '0');
}

/** The card passport's nine digits: distinct for a thousand million persons. */
export function nationalIdNumber(seed: Seed, index: number): string {
  return String(shuffled(seed, index, 1_000_000_000, 7_368_787)).padStart(9, '0');
}

/** A birth certificate's number; a twin's is the next one. */
export function birthCertificateNumber(seed: Seed, index: number, twin: boolean): string {
  const place = 2 * shuffled(seed, index, 50_000_000, 31_415_923) + (twin ? 1 : 0);
  return `І-${series(Math.floor(place / 1_000_000))}${String(place % 1_000_000).padStart(6, '0')}`;
}

/** A mobile number: distinct for 160 million owners. */
export function mobileNumber(seed: Seed, index: number): string {
  const place = shuffled(seed, index, 160_000_000, 49_979_687);
  return `+380${operators[Math.floor(place / 10_000_000)]}${String(place % 10_000_000).padStart(7, '0')}`;
}

function series(number: number): string {
  return series_letters[Math.floor(number / 10)]! + series_letters[number % 10]!;
}
