import { damerauLevenshtein } from '../comparators/damerau-levenshtein.ts';
import { DATE_LEVELS, type DateOrder, dateLevel, normaliseDate, swapDayAndMonth } from '../comparators/dates.ts';
import { normaliseNumber } from '../comparators/numbers.ts';
import { deletionVariants, isAbsent } from '../comparators/text.ts';
import { type FieldType, sameSlot, sharedParts, type Tokens } from './field-type.ts';

const DATE_SLOTS = ['year_month', 'year_day', 'month_day', 'year', 'swapped'] as const;

/** Calendar dates; the order of day and month is a property of the column. */
export function dateType(order: DateOrder = 'dmy'): FieldType {
  return {
    name: 'date',
    levels: DATE_LEVELS,
    expected: [0.86, 0.06, 0.04, 0.01, 0.03],
    slots: DATE_SLOTS,
    blocking: [
      { slot: -1, survives: 0.86 },
      { slot: 0, survives: 0.91 },
      { slot: 2, survives: 0.91 },
      { slot: 3, survives: 0.94 },
    ],
    normalise: (raw) => (isAbsent(raw) ? null : normaliseDate(raw, order)),
    parts: (value) => {
      const [year, month, day] = [value.slice(0, 4), value.slice(5, 7), value.slice(8)];
      const isWhole = month !== '00' && day !== '00';
      return {
        singles: isWhole
          ? [`${year}-${month}`, `${year}--${day}`, `${month}-${day}`, year, swapDayAndMonth(value)]
          : [null, null, null, year, null],
        near: deletionVariants(value),
        loose: [],
      };
    },
    compareValues: dateLevel,
    compareTokens: (left, right) => {
      const isSwapped = left[0] === right[5] || left[5] === right[0];
      if (isSwapped || sharedParts(left, right, DATE_SLOTS.length) === 2) return 1;
      if (sameSlot(left, right, 0) || sameSlot(left, right, 1) || sameSlot(left, right, 2)) return 2;
      return sameSlot(left, right, 3) ? 3 : 4;
    },
  };
}

const NUMBER_SLOTS = ['bucket', 'shifted_bucket'] as const;

/** Quantities and years: near means within `tolerance` (absolute). */
export function numberType(tolerance = 1): FieldType {
  const bucket = (value: string, shift: number): string =>
    String(Math.floor((Number(value) + shift * tolerance) / (2 * tolerance || 1)));
  return {
    name: 'number',
    levels: ['exact', 'near', 'typo', 'different'],
    expected: [0.84, 0.05, 0.05, 0.06],
    slots: NUMBER_SLOTS,
    blocking: [{ slot: -1, survives: 0.84 }],
    normalise: (raw) => (isAbsent(raw) ? null : normaliseNumber(raw)),
    parts: (value) => ({
      singles: [bucket(value, 0), bucket(value, 1)],
      near: value.length < 3 ? [] : deletionVariants(value),
      loose: [],
    }),
    compareValues: (left, right) => {
      if (Math.abs(Number(left) - Number(right)) <= tolerance) return 1;
      if (Math.min(left.length, right.length) < 2) return 3;
      return damerauLevenshtein(left, right, 1) <= 1 ? 2 : 3;
    },
    compareTokens: (left, right) => levelOfNumberTokens(left, right),
  };
}

function levelOfNumberTokens(left: Tokens, right: Tokens): number {
  if (sameSlot(left, right, 0) || sameSlot(left, right, 1)) return 1;
  return sharedParts(left, right, NUMBER_SLOTS.length) === 2 ? 2 : 3;
}
