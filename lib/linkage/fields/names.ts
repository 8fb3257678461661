import { damerauLevenshtein } from '../comparators/damerau-levenshtein.ts';
import { type EquivalenceTable, equivalenceTable, givenNameTable } from '../comparators/equivalence.ts';
import { jaroWinkler } from '../comparators/jaro-winkler.ts';
import { remembering } from '../comparators/remembering.ts';
import { consonantSkeleton, deletionVariants, foldWords, isAbsent } from '../comparators/text.ts';
import { transliterationKey } from '../comparators/transliteration.ts';
import { type FieldType, sameSlot, sharedParts, type Tokens, type ValueParts } from './field-type.ts';

const LEVELS = ['exact', 'equivalent', 'typo', 'close', 'partial', 'different'] as const;
const [EQUIVALENT, TYPO, CLOSE, PARTIAL, DIFFERENT] = [1, 2, 3, 4, 5] as const;
const SLOTS = ['canonical', 'skeleton', 'prefix', 'initial'] as const;

interface NameFlavour {
  name: string;
  table?: EquivalenceTable;
  key: (folded: string) => string;
  expected: readonly number[];
}

/** Given names and patronymics: short forms and Ukrainian–Russian pairs are equivalent. */
export function givenNameType(groups: readonly (readonly string[])[] = []): FieldType {
  const table = new Map([...givenNameTable(), ...equivalenceTable(groups)]);
  return nameType({
    name: 'given_name',
    table,
    key: transliterationKey,
    expected: [0.8, 0.05, 0.07, 0.03, 0.02, 0.03],
  });
}

/** Family names: male and female forms of Slavic surnames are equivalent. */
export function surnameType(groups: readonly (readonly string[])[] = []): FieldType {
  const key = (folded: string): string => genderless(transliterationKey(folded));
  const table = equivalenceTable(groups);
  return nameType({ name: 'surname', table, key, expected: [0.82, 0.03, 0.07, 0.02, 0.02, 0.04] });
}

/** Names of anything else: places, occupations, organisations. */
export function plainNameType(groups: readonly (readonly string[])[] = []): FieldType {
  const key = (folded: string): string => transliterationKey(folded.replace(/^(m|s|smt|misto|selo|city of|st) /, ''));
  const table = equivalenceTable(groups);
  return nameType({ name: 'name', table, key, expected: [0.75, 0.02, 0.06, 0.03, 0.04, 0.1] });
}

function nameType({ name, table, key, expected }: NameFlavour): FieldType {
  const canonical = remembering((value: string): string => {
    const found = key(value);
    return table?.get(found) ?? found;
  });
  return {
    name,
    levels: LEVELS,
    expected,
    slots: SLOTS,
    blocking: [
      { slot: -1, survives: 0.8 },
      { slot: 1, survives: 0.9 },
      { slot: 2, survives: 0.92 },
    ],
    normalise: (raw) => (isAbsent(raw) ? null : foldWords(raw).slice(0, 200) || null),
    parts: (value) => nameParts(value, canonical(value), key(value)),
    compareValues: (left, right) => {
      if (canonical(left) === canonical(right)) return EQUIVALENT;
      return levelOfNames(left, right);
    },
    compareTokens: levelOfTokens,
  };
}

function levelOfNames(left: string, right: string): number {
  const shorter = Math.min(left.length, right.length);
  if (shorter === 1) return left[0] === right[0] ? PARTIAL : DIFFERENT;
  const distance = damerauLevenshtein(left, right, 2);
  if (distance <= 1 && shorter > 2) return TYPO;
  const similarity = jaroWinkler(left, right);
  if ((distance <= 2 && shorter > 5) || similarity >= 0.92) return CLOSE;
  if (similarity >= 0.84 || sharesWord(left, right)) return PARTIAL;
  return DIFFERENT;
}

/** What `levelOfNames` can still see through hashes: one edit, one skeleton, one three-letter prefix, an initial, a word. */
function levelOfTokens(left: Tokens, right: Tokens): number {
  if (sameSlot(left, right, 0)) return EQUIVALENT;
  const shared = sharedParts(left, right, SLOTS.length);
  if (shared === 2) return TYPO;
  if (sameSlot(left, right, 1)) return CLOSE;
  if (sameSlot(left, right, 2) || shared === 1) return PARTIAL;
  const isInitial = left[0] === left[4] || right[0] === right[4];
  return isInitial && sameSlot(left, right, 3) ? PARTIAL : DIFFERENT;
}

function nameParts(value: string, canonical: string, key: string): ValueParts {
  const words = value.split(' ');
  const isShort = value.length < 3;
  return {
    singles: [
      canonical,
      isShort ? null : consonantSkeleton(key),
      isShort ? null : value.slice(0, 3),
      value.slice(0, 1),
    ],
    near: isShort ? [] : deletionVariants(value),
    loose: words.length > 1 ? words.filter((word) => word.length > 2) : isShort ? [] : [value],
  };
}

function sharesWord(left: string, right: string): boolean {
  if (!left.includes(' ') && !right.includes(' ')) return false;
  const words = left.split(' ').filter((word) => word.length > 2);
  return right.split(' ').some((word) => words.includes(word));
}

/** -ський/-ська, -ов/-ова, -ий/-а: one stem for the forms that husband and wife, or two alphabets, write. */
function genderless(key: string): string {
  if (key.length < 5) return key;
  return key.replace(/(sk|ck|zk)(i|a|oi|ogo|aia)$/, '$1').replace(/(ov|ev|in|en)(a|oi|u)$/, '$1');
}
