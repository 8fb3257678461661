import { compareDecimals, type Decimal, decimal, formatDecimal, isWhole } from './decimal.ts';
import { DecisionError, type Place } from './errors.ts';
import type { ValueType } from './model.ts';
import { classOfOtherTexts, type Partition } from './partition.ts';
import { dayNumber, instantNumber, type Scalar } from './values.ts';

/** The class of a value; throws INPUT_MISSING, INPUT_TYPE or INPUT_NOT_ALLOWED. */
export type Classify = (value: unknown) => number;

/** Whole numbers in a span this wide are looked up in an array instead of searched. */
const WIDEST_ARRAY = 1 << 16;
const FEW_TEXTS = 6;
/** Decimals this long survive the way into a double and back (IEEE 754: 15 significant digits). */
const EXACT_DIGITS = 15;

export function createClassifier(partition: Partition, place: Place): Classify {
  const { class_of_null } = partition;
  const known = CLASSIFIERS[partition.type](partition);
  return (value) => {
    const id = value === null ? class_of_null : known(value);
    return id >= 0 ? id : refuseValue(value, partition, place);
  };
}

/** A caller's value as expressions compute with it. Errors: INPUT_MISSING, INPUT_TYPE. */
export function scalarOf(type: ValueType, value: unknown, place: Place): Scalar {
  if (value === null) return null;
  const scalar = READERS[type](value);
  return scalar === undefined ? refuseType(value, type, place) : scalar;
}

/** Answers -1 for every value that is refused; the reason is worked out only then. */
type Lookup = (value: unknown) => number;

const CLASSIFIERS: Record<ValueType, (partition: Partition) => Lookup> = {
  boolean: ({ class_of_segment }) => {
    const [when_false, when_true] = [class_of_segment[1]!, class_of_segment[3]!];
    return (value) => (value === true ? when_true : value === false ? when_false : -1);
  },
  string: textLookup,
  number: (partition) => numberLookup(partition, false),
  integer: (partition) => numberLookup(partition, true),
  date: (partition) => {
    const ordinal = ordinalLookup(partition);
    return (value) => (typeof value === 'string' ? ordinal(dayNumber(value)) : -1);
  },
  dateTime: (partition) => {
    const ordinal = ordinalLookup(partition);
    return (value) => (typeof value === 'string' ? ordinal(instantNumber(value)) : -1);
  },
};

const READERS: Record<ValueType, (value: unknown) => Scalar | undefined> = {
  boolean: (value) => (typeof value === 'boolean' ? value : undefined),
  string: (value) => (typeof value === 'string' ? value : undefined),
  number: decimalOf,
  integer: (value) => {
    const number = decimalOf(value);
    return number && isWhole(number) ? number : undefined;
  },
  date: (value) => temporal(typeof value === 'string' ? dayNumber(value) : Number.NaN),
  dateTime: (value) => temporal(typeof value === 'string' ? instantNumber(value) : Number.NaN),
};

function temporal(key: number): Decimal | undefined {
  return Number.isNaN(key) ? undefined : decimal(key);
}

/** A number, bigint or Decimal as the exact decimal it means. */
function decimalOf(value: unknown): Decimal | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? decimal(value) : undefined;
  if (typeof value === 'bigint') return decimal(value);
  return isDecimal(value) ? value : undefined;
}

function isDecimal(value: unknown): value is Decimal {
  if (typeof value !== 'object' || value === null) return false;
  const { units, scale } = value as Partial<Decimal>;
  return typeof units === 'bigint' && Number.isInteger(scale) && scale! >= 0 && scale! <= 1_000;
}

function textLookup(partition: Partition): Lookup {
  const table = textTable(partition);
  if (!table) return orderedTextLookup(partition.points as string[], partition.class_of_segment);
  return (value) => (typeof value === 'string' ? classOfText(table, value) : -1);
}

export interface TextTable {
  texts: string[];
  classes: Int32Array;
  class_of_text: Map<string, number>;
  others: number;
}

/** The classes of the texts that cells name, unless a cell orders texts. */
export function textTable(partition: Partition): TextTable | undefined {
  const others = classOfOtherTexts(partition);
  if (others === undefined) return undefined;
  const texts = partition.points as string[];
  const classes = Int32Array.from(texts, (_, i) => partition.class_of_segment[2 * i + 1]!);
  return { texts, classes, class_of_text: new Map(texts.map((text, i) => [text, classes[i]!])), others };
}

/** Few texts are compared one by one: equal texts are mostly the same string, and hashing costs more (measured). */
export function classOfText({ texts, classes, class_of_text, others }: TextTable, value: string): number {
  if (texts.length > FEW_TEXTS) return class_of_text.get(value) ?? others;
  for (let i = 0; i < texts.length; i++) if (texts[i] === value) return classes[i]!;
  return others;
}

function orderedTextLookup(points: string[], class_of_segment: Int32Array): Lookup {
  return (value) =>
    typeof value === 'string'
      ? class_of_segment[searched(points, (point) => (value < point ? -1 : value > point ? 1 : 0))]!
      : -1;
}

function numberLookup(partition: Partition, whole: boolean): Lookup {
  const exact = exactLookup(partition);
  const fast = hasLongPoints(partition) ? (value: number) => exact(decimal(value)) : ordinalLookup(partition);
  return (value) => {
    if (typeof value === 'number') {
      return Number.isFinite(value) && (!whole || Number.isInteger(value)) ? fast(value) : -1;
    }
    const number = decimalOf(value);
    return number && (!whole || isWhole(number)) ? exact(number) : -1;
  };
}

function exactLookup({ points, class_of_segment }: Partition): (value: Decimal) => number {
  return (value) => class_of_segment[searched(points as Decimal[], (point) => compareDecimals(value, point))]!;
}

/** The segment of a value among sorted points: 2k+1 at the k-th point, 2k before it. */
function searched<T>(points: T[], compare: (point: T) => number): number {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const order = compare(points[middle]!);
    if (order === 0) return 2 * middle + 1;
    if (order < 0) high = middle;
    else low = middle + 1;
  }
  return 2 * low;
}

/** Numbers whose points are exact as doubles; NaN answers -1. */
function ordinalLookup(partition: Partition): (value: number) => number {
  const { class_of_segment } = partition;
  const doubles = doublesOf(partition);
  const search = (value: number) => (Number.isNaN(value) ? -1 : class_of_segment[searchedDouble(doubles, value)]!);
  const table = wholeNumberTable(partition);
  if (!table) return search;
  const { first, class_of_number } = table;
  const end = first + class_of_number.length;
  return (value) =>
    (value | 0) === value && value >= first && value < end ? class_of_number[value - first]! : search(value);
}

export interface WholeNumberTable {
  first: number;
  class_of_number: Int32Array;
}

/** The classes of the whole numbers from `first` on, when the constants lie close together; beyond it one must search. */
export function wholeNumberTable(partition: Partition): WholeNumberTable | undefined {
  const doubles = doublesOf(partition);
  const first = Math.floor(doubles[0] ?? 0) - 1;
  const span = Math.ceil(doubles.at(-1) ?? 0) + 2 - first;
  if (!(span <= WIDEST_ARRAY) || hasLongPoints(partition)) return undefined;
  const classOf = (_: unknown, i: number) => partition.class_of_segment[searchedDouble(doubles, first + i)]!;
  return { first, class_of_number: Int32Array.from({ length: span }, classOf) };
}

function doublesOf({ points }: Partition): Float64Array {
  return Float64Array.from(points as Decimal[], (point) => Number(formatDecimal(point)));
}

function hasLongPoints({ points }: Partition): boolean {
  return (points as Decimal[]).some((point) => formatDecimal(point).replace(/[-.]/g, '').length > EXACT_DIGITS);
}

function searchedDouble(points: Float64Array, value: number): number {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const point = points[middle]!;
    if (value === point) return 2 * middle + 1;
    if (value < point) high = middle;
    else low = middle + 1;
  }
  return 2 * low;
}

function refuseValue(value: unknown, partition: Partition, place: Place): never {
  scalarOf(partition.type, value, place);
  const allowed = partition.classes.flatMap((known) => known.labels).join(', ');
  throw new DecisionError('INPUT_NOT_ALLOWED', `${shown(value)} is not among the allowed values ${allowed}`, place);
}

function refuseType(value: unknown, type: ValueType, place: Place): never {
  if (value === undefined) throw new DecisionError('INPUT_MISSING', `expected ${EXPECTED[type]}, found nothing`, place);
  throw new DecisionError('INPUT_TYPE', `expected ${EXPECTED[type]}, found ${shown(value)}`, place);
}

const EXPECTED: Record<ValueType, string> = {
  string: 'a text',
  number: 'a finite number, bigint or decimal',
  integer: 'a whole number',
  boolean: 'true or false',
  date: 'a date text like 2026-01-31',
  dateTime: 'an instant text like 2026-01-31T08:00:00Z',
};

/** What was found, without repeating what may be personal data: only its type. */
function shown(value: unknown): string {
  if (value === null) return 'null';
  return typeof value === 'object' ? (Array.isArray(value) ? 'a list' : 'an object') : `a ${typeof value}`;
}
