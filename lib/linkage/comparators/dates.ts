import { damerauLevenshtein } from './damerau-levenshtein.ts';

/** How the parts of a written date follow one another when that is not plain from the text. */
export type DateOrder = 'dmy' | 'mdy';

/** Years in two digits are of the hundred years up to this one. A constant, so that a file is read the same next year. */
const LATEST_SHORT_YEAR = 2030;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/**
 * A date as `YYYY-MM-DD` from ISO, `YYYYMMDD`, `DD.MM.YYYY`, `MM/DD/YYYY`, `DD.MM.YY`, `5 May 1990`, `May 5, 1990` or an ISO instant, with zeros for
 * a day or month that is left out; null when it is none. Impossible days and months are kept as written: a mistyped date is evidence, an absent one is not.
 */
export function normaliseDate(raw: string, order: DateOrder = 'dmy'): string | null {
  const text = raw.trim().toLowerCase();
  const iso = /^(\d{4})[-/. ](\d{1,2})[-/. ](\d{1,2})(?:[t ].*)?$/.exec(text) ?? /^(\d{4})(\d{2})(\d{2})$/.exec(text);
  if (iso !== null) return written(iso[1]!, iso[2]!, iso[3]!);
  const local = /^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})(?:[t ].*)?$/.exec(text);
  if (local !== null) return localDate(Number(local[1]), Number(local[2]), local[3]!, order);
  const part = /^(\d{4})(?:[-/.](\d{1,2}))?$/.exec(text);
  if (part !== null) return written(part[1]!, part[2] ?? '0', '0');
  return namedDate(text) ?? shortDate(text, order);
}

function namedDate(text: string): string | null {
  const dayFirst = /^(\d{1,2})[-/. ]([a-z]{3})[a-z]*[-/. ,]+(\d{4})$/.exec(text);
  const monthFirst = /^([a-z]{3})[a-z]*[-/. ]+(\d{1,2})[-/. ,]+(\d{4})$/.exec(text);
  const [day, name, year] = dayFirst?.slice(1) ?? [monthFirst?.[2], monthFirst?.[1], monthFirst?.[3]];
  if (day === undefined || name === undefined || year === undefined || !MONTHS.includes(name)) return null;
  return written(year, String(MONTHS.indexOf(name) + 1), day);
}

/** Two digits for the year: read as the latest that lies not after `LATEST_SHORT_YEAR`; only where day and month can be such. */
function shortDate(text: string, order: DateOrder): string | null {
  const parts = /^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{2})$/.exec(text);
  if (parts === null) return null;
  const [first, second] = [Number(parts[1]), Number(parts[2])];
  if (Math.max(first, second) > 31 || Math.min(first, second) > 12 || Math.min(first, second) < 1) return null;
  const century = Number(parts[3]) <= LATEST_SHORT_YEAR % 100 ? 20 : 19;
  return localDate(first, second, `${century}${parts[3]}`, order);
}

/** The order that a column of written dates uses; undefined when no date has a day beyond 12, which alone would prove one. */
export function dateOrderOf(texts: Iterable<string>): DateOrder | undefined {
  let monthFirst = 0;
  let dayFirst = 0;
  for (const text of texts) {
    const parts = /^\s*(\d{1,2})[-/. ](\d{1,2})[-/. ]\d{2}(?:\d{2})?(?!\d)/.exec(text);
    if (parts === null) continue;
    if (Number(parts[1]) > 12) dayFirst++;
    else if (Number(parts[2]) > 12) monthFirst++;
  }
  if (monthFirst === dayFirst) return monthFirst === 0 ? undefined : 'dmy';
  return monthFirst > dayFirst ? 'mdy' : 'dmy';
}

/** Levels of agreement of two dates in `YYYY-MM-DD`, best first. */
export const DATE_LEVELS = ['exact', 'typo', 'two_parts', 'year', 'different'] as const;

/** Index into DATE_LEVELS: one wrong digit or swapped neighbours or day and month swapped; two of three parts; the year. */
export function dateLevel(left: string, right: string): number {
  if (left === right) return 0;
  if (right === swapDayAndMonth(left) || damerauLevenshtein(left, right, 1) <= 1) return 1;
  const year = left.slice(0, 4) === right.slice(0, 4);
  const month = left.slice(5, 7) === right.slice(5, 7) && left.slice(5, 7) !== '00';
  const day = left.slice(8) === right.slice(8) && left.slice(8) !== '00';
  if (Number(year) + Number(month) + Number(day) >= 2) return 2;
  return year ? 3 : 4;
}

/** `YYYY-DD-MM` of `YYYY-MM-DD`. */
export function swapDayAndMonth(date: string): string {
  return `${date.slice(0, 4)}-${date.slice(8)}-${date.slice(5, 7)}`;
}

function localDate(first: number, second: number, year: string, order: DateOrder): string {
  const monthFirst = second > 12 || (order === 'mdy' && first <= 12);
  return monthFirst ? written(year, String(first), String(second)) : written(year, String(second), String(first));
}

function written(year: string, month: string, day: string): string {
  return `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
}
