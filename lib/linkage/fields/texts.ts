import { damerauLevenshtein } from '../comparators/damerau-levenshtein.ts';
import { jaroWinkler } from '../comparators/jaro-winkler.ts';
import { remembering } from '../comparators/remembering.ts';
import {
  consonantSkeleton,
  deletionVariants,
  foldTight,
  foldWords,
  isAbsent,
  wordOverlap,
} from '../comparators/text.ts';
import { transliterationKey } from '../comparators/transliteration.ts';
import { countShared, type FieldType, sameSlot, sharedParts } from './field-type.ts';

const TEXT_SLOTS = ['skeleton', 'prefix'] as const;
/** Letter by letter only such texts are alike; of longer ones, which share their letters with any other, the words decide. */
const LONGEST_BY_LETTERS = 64;

/** Addresses and other texts of several words. */
export function textType(): FieldType {
  return {
    name: 'text',
    levels: ['exact', 'typo', 'close', 'partial', 'different'],
    expected: [0.75, 0.1, 0.05, 0.04, 0.06],
    slots: TEXT_SLOTS,
    blocking: [
      { slot: -1, survives: 0.78 },
      { slot: 0, survives: 0.87 },
    ],
    normalise: (raw) => (isAbsent(raw) ? null : foldWords(raw).slice(0, 250) || null),
    parts: (value) => ({
      singles: [consonantSkeleton(transliterationKey(value.replaceAll(' ', ''))), value.slice(0, 6)],
      near: deletionVariants(value.replaceAll(' ', ''), 40),
      loose: value.split(' ').filter((word) => word.length > 2),
    }),
    compareValues: textComparison(),
    compareTokens: (left, right) => {
      const shared = sharedParts(left, right, TEXT_SLOTS.length);
      if (shared === 2) return 1;
      if (sameSlot(left, right, 0)) return 2;
      return shared === 1 ? 3 : 4;
    },
  };
}

function textComparison(): FieldType['compareValues'] {
  const read = remembering((value: string) => ({ tight: value.replaceAll(' ', ''), words: new Set(value.split(' ')) }));
  return (left, right) => {
    const [one, other] = [read(left), read(right)];
    const longest = Math.max(one.tight.length, other.tight.length);
    const most = Math.max(1, longest >> 3);
    if (damerauLevenshtein(one.tight, other.tight, most) <= most) return 1;
    const overlap = wordOverlap(one.words, other.words);
    const similarity = longest > LONGEST_BY_LETTERS ? 0 : jaroWinkler(one.tight, other.tight);
    if (overlap >= 0.6 || similarity >= 0.92) return 2;
    return overlap >= 0.3 || similarity >= 0.84 ? 3 : 4;
  };
}

/**
 * E-mail addresses. Many are made of the name and a number, which alone tells namesakes apart: addresses with other digits are never
 * near, else everybody of one name is taken for one person.
 */
export function emailType(): FieldType {
  const slots = ['local'];
  const localOf = (value: string): string => value.replace(/@.*$/, '');
  const digitsOf = (value: string): string => localOf(value).replace(/\D/g, '');
  const lettersOf = (value: string): string => localOf(value).replace(/\d/g, '');
  return {
    name: 'email',
    levels: ['exact', 'local', 'typo', 'close', 'different'],
    expected: [0.78, 0.06, 0.06, 0.04, 0.06],
    slots,
    blocking: [
      { slot: -1, survives: 0.78 },
      { slot: 0, survives: 0.84 },
    ],
    normalise: (raw) => (isAbsent(raw) ? null : raw.normalize('NFKC').toLowerCase().replace(/\s/g, '').slice(0, 250)),
    parts: (value) => ({
      singles: [localOf(value)],
      near: deletionVariants(lettersOf(value)).map((variant) => `${digitsOf(value)} ${variant}`),
      loose: [`${digitsOf(value)} ${localOf(value).slice(0, 5)}`],
    }),
    compareValues: (left, right) => {
      const [localLeft, localRight] = [localOf(left), localOf(right)];
      if (localLeft === localRight) return 1;
      if (digitsOf(left) !== digitsOf(right)) return 4;
      if (damerauLevenshtein(left, right, 2) <= 2) return 2;
      return jaroWinkler(localLeft, localRight) >= 0.9 ? 3 : 4;
    },
    compareTokens: (left, right) => {
      if (sameSlot(left, right, 0)) return 1;
      const shared = sharedParts(left, right, slots.length);
      return shared === 2 ? 2 : shared === 1 ? 3 : 4;
    },
  };
}

/** One word out of few (sex, state, kind): equal or not. */
export function categoryType(): FieldType {
  return {
    name: 'category',
    levels: ['exact', 'different'],
    expected: [0.94, 0.06],
    slots: [],
    blocking: [{ slot: -1, survives: 0.94 }],
    normalise: (raw) => (isAbsent(raw) ? null : foldTight(raw).slice(0, 100) || null),
    parts: () => ({ singles: [], near: [], loose: [] }),
    compareValues: () => 1,
    compareTokens: () => 1,
  };
}

/** Several values in one cell, parted by `;`, `|` or `,` (documents, telephones, aliases): order and repetition do not matter. */
export function setType(): FieldType {
  return {
    name: 'set',
    levels: ['exact', 'most', 'some', 'different'],
    expected: [0.7, 0.1, 0.12, 0.08],
    slots: [],
    blocking: [{ slot: -1, survives: 0.7 }],
    normalise: (raw) => {
      const elements = raw.split(/[;|,]/).flatMap((element) => (isAbsent(element) ? [] : [foldWords(element)]));
      return [...new Set(elements.filter((element) => element !== ''))].sort().join('|').slice(0, 1000) || null;
    },
    parts: (value) => ({ singles: [], near: value.split('|'), loose: [] }),
    compareValues: (left, right) => {
      const [leftSet, rightSet] = [new Set(left.split('|')), new Set(right.split('|'))];
      return levelOfSets({ shared: leftSet.intersection(rightSet).size, left: leftSet.size, right: rightSet.size });
    },
    compareTokens: (left, right) => levelOfSets(countShared(left, right, 0)),
  };
}

function levelOfSets({ shared, left, right }: { shared: number; left: number; right: number }): number {
  if (shared === 0) return 3;
  return shared / (left + right - shared) >= 0.5 ? 1 : 2;
}
