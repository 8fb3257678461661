import { damerauLevenshtein } from '../comparators/damerau-levenshtein.ts';
import { deletionVariants, foldTight, isAbsent } from '../comparators/text.ts';
import { type FieldType, sameSlot, sharedParts, type Tokens } from './field-type.ts';

const LEVELS = ['exact', 'adjacent', 'typo', 'prefix', 'different'] as const;
const [ADJACENT, TYPO, PREFIX, DIFFERENT] = [1, 2, 3, 4] as const;
const SLOTS = ['prefix', 'bucket', 'shifted_bucket'] as const;
const EXPECTED = [0.88, 0.01, 0.06, 0.01, 0.04];

/** Numbers given to a person or thing (tax number, document, account). Numbers within 2 of each other are *adjacent*, as twins have them. */
export function identifierType(): FieldType {
  return codeType('identifier', (raw) => foldTight(raw).slice(0, 100) || null);
}

/** Telephone numbers by their last nine digits. */
export function phoneType(): FieldType {
  return codeType('phone', (raw) => {
    const digits = raw.replace(/\D/g, '');
    return digits.length < 5 ? null : digits.slice(-9);
  });
}

/** Postal codes and other short codes in which the beginning says where. */
export function postcodeType(): FieldType {
  return codeType('postcode', (raw) => foldTight(raw).slice(0, 40) || null);
}

function codeType(name: string, clean: (raw: string) => string | null): FieldType {
  return {
    name,
    levels: LEVELS,
    expected: EXPECTED,
    slots: SLOTS,
    blocking: [{ slot: -1, survives: 0.88 }, ...(name === 'postcode' ? [{ slot: 0, survives: 0.93 }] : [])],
    normalise: (raw) => (isAbsent(raw) ? null : clean(raw)),
    parts: (value) => ({
      singles: [prefixOf(value), bucketOf(value, 0), bucketOf(value, 2)],
      near: value.length < 3 ? [] : deletionVariants(value),
      loose: [],
    }),
    compareValues: levelOfCodes,
    compareTokens: levelOfTokens,
  };
}

function levelOfCodes(left: string, right: string): number {
  if (bucketOf(left, 0) !== null && bucketOf(right, 0) !== null && areAdjacent(left, right)) return ADJACENT;
  if (Math.min(left.length, right.length) > 2 && damerauLevenshtein(left, right, 1) <= 1) return TYPO;
  const prefix = prefixOf(left);
  return prefix !== null && prefix === prefixOf(right) ? PREFIX : DIFFERENT;
}

function levelOfTokens(left: Tokens, right: Tokens): number {
  if (sameSlot(left, right, 1) || sameSlot(left, right, 2)) return ADJACENT;
  if (sharedParts(left, right, SLOTS.length) === 2) return TYPO;
  return sameSlot(left, right, 0) ? PREFIX : DIFFERENT;
}

/** Where a birth date or region usually stands: the first five characters of long codes, three of short ones. */
function prefixOf(value: string): string | null {
  if (value.length < 5) return null;
  return value.slice(0, value.length >= 9 ? 5 : 3);
}

function areAdjacent(left: string, right: string): boolean {
  if (left.length !== right.length || leadOf(left) !== leadOf(right)) return false;
  return Math.abs(Number(left.slice(-6)) - Number(right.slice(-6))) <= 2;
}

/** All but the last six characters, which must be digits. */
function leadOf(value: string): string {
  return value.slice(0, -6);
}

/** Number / 4, once from 0 and once from 2: numbers within 2 of each other share at least one of the two. */
function bucketOf(value: string, shift: number): string | null {
  if (value.length < 6 || !/^\d{6}$/.test(value.slice(-6))) return null;
  return `${leadOf(value)}#${Math.floor((Number(value.slice(-6)) + shift) / 4)}`;
}
