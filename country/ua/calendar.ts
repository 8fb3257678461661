/** The civil time in which "today", ages, terms and billing months are reckoned. */
export const time_zone = 'Europe/Kyiv';

const day_ms = 86_400_000;

/** Whether the text is a day of the calendar, `YYYY-MM-DD`, from year 1 on. */
export function isCivilDate(text: string): boolean {
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text) || text < '0001') return false;
  const [year, month, day] = parts(text);
  return month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
}

/**
 * Full years lived on that day. Somebody born on 29 February has the birthday on 1 March of common years, as terms of
 * years end with the last day of the month (Civil Code of Ukraine, art. 254 part 3) and the age is reached the day after.
 * Negative before birth.
 * @throws RangeError when either is not a civil date.
 */
export function ageOn(birth_date: string, date: string): number {
  const born = requireDate(birth_date);
  const then = requireDate(date);
  const before_birthday = then.slice(5) < born.slice(5);
  return Number(then.slice(0, 4)) - Number(born.slice(0, 4)) - (before_birthday ? 1 : 0);
}

/** The same day that many years later; 29 February becomes 28 February in a common year (Civil Code, art. 254 part 3). */
export function addYears(date: string, years: number): string {
  return addMonths(date, 12 * years);
}

/** The same day that many months later, or the last day of a shorter month. */
export function addMonths(date: string, months: number): string {
  const [year, month, day] = parts(requireDate(date));
  const count = year * 12 + (month - 1) + months;
  const target_year = Math.floor(count / 12);
  const target_month = count - target_year * 12 + 1;
  return civil(target_year, target_month, Math.min(day, daysInMonth(target_year, target_month)));
}

/** The day that many days later, or earlier when negative. */
export function addDays(date: string, days: number): string {
  return fromEpochDay(epochDay(requireDate(date)) + days);
}

/** Whole days from the first to the second date; negative when the second is earlier. */
export function daysBetween(from: string, to: string): number {
  return epochDay(requireDate(to)) - epochDay(requireDate(from));
}

/** The first day of the date's month: what capitation bills on. */
export function firstOfMonth(date: string): string {
  return `${requireDate(date).slice(0, 7)}-01`;
}

/** The day after which somebody is no longer a minor of that age: the last day of a child's declaration (domain.md §3.4). */
export function lastDayBelowAge(birth_date: string, age: number): string {
  const birthday = addYears(birth_date, age);
  return ageOn(birth_date, birthday) < age ? birthday : addDays(birthday, -1);
}

export function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeapYear(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function isLeapYear(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

function requireDate(text: string): string {
  if (!isCivilDate(text)) throw new RangeError(`a civil date YYYY-MM-DD expected, found ${JSON.stringify(text)}`);
  return text;
}

function parts(date: string): [number, number, number] {
  return [Number(date.slice(0, 4)), Number(date.slice(5, 7)), Number(date.slice(8, 10))];
}

/** Days since 1970-01-01. `setUTCFullYear` because `Date.UTC` takes years below 100 for those of the 20th century. */
function epochDay(date: string): number {
  const [year, month, day] = parts(date);
  return new Date(0).setUTCFullYear(year, month - 1, day) / day_ms;
}

function fromEpochDay(days: number): string {
  const date = new Date(days * day_ms);
  return civil(date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate());
}

function civil(year: number, month: number, day: number): string {
  if (!(year >= 1 && year <= 9999)) throw new RangeError(`a year from 1 to 9999 expected, found ${year}`);
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}
