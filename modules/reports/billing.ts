import { firstOfMonth, isCivilDate } from '@zdravo/country-ua';
import { invalidField } from '@zdravo/kit/problem';

/** Where billing months and ages are reckoned. */
export { time_zone } from '@zdravo/country-ua';

/**
 * Checks a billing month, given as its first day or as `YYYY-MM`.
 * @throws Problem 422 for anything else and for a month that has not begun on `today` (civil date).
 */
export function billingMonth(text: string, today: string): string {
  const month = /^\d{4}-\d{2}$/.test(text) ? `${text}-01` : text;
  if (!isCivilDate(month) || firstOfMonth(month) !== month)
    throw invalidField('$.billing_month', 'the first day of a month expected', 'date');
  if (month > today) throw invalidField('$.billing_month', 'a billing month that has begun expected', 'future');
  return month;
}
