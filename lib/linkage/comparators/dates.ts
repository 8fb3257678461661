import { damerauLevenshtein } from './damerau-levenshtein.ts';

/** How the parts of a written date follow one another when that is not plain from the text. */
export type DateOrder = 'dmy' | 'mdy';

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/**
 * A date as `YYYY-MM-DD` from ISO, `YYYYMMDD`, `DD.MM.YYYY`, `MM/DD/YYYY`, `5 May 1990` or an ISO instant; null when it is none.
 * Impossible days and months are kept as written: a mistyped date is evidence, an absent one is not.
 */
export function normaliseDate(raw: string, order: DateOrder = 'dmy'): string | null {
  const text = raw.trim().toLowerCase();
  const iso = /^(\d{4})[-/. ](\d{1,2})[-/. ](\d{1,2})(?:[t ].*)?$/.exec(text) ?? /^(\d{4})(\d{2})(\d{2})$/.exec(text);
  if (iso !== null) return written(iso[1]!, iso[2]!, iso[3]!);
  const local = /^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})(?:[t ].*)?$/.exec(text);
  if (local !== null) return localDate(Number(local[1]), Number(local[2]), local[3]!, order);
  const named = /^(\d{1,2})[-/. ]([a-z]{3})[a-z]*[-/. ,]+(\d{4})$/.exec(text);
  if (named !== null && MONTHS.includes(named[2]!)) {
    return written(named[3]!, String(MONTHS.indexOf(named[2]!) + 1), named[1]!);
  }
  return /^\d{4}$/.test(text) ? `${text}-00-00` : null;
}

/** The order that a column of written dates uses: month first only when some date proves it and none proves the opposite. */
export function dateOrderOf(texts: Iterable<string>): DateOrder {
  let monthFirst = 0;
  let dayFirst = 0;
  for (const text of texts) {
    const parts = /^\s*(\d{1,2})[-/. ](\d{1,2})[-/. ]\d{4}/.exec(text);
    if (parts === null) continue;
    if (Number(parts[1]) > 12) dayFirst++;
    else if (Number(parts[2]) > 12) monthFirst++;
  }
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
