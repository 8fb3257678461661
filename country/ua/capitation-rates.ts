import { ageOn } from './calendar.ts';

export const age_groups = ['0-5', '6-17', '18-39', '40-64', '65+'] as const;
export type AgeGroup = (typeof age_groups)[number];

export type CapitationRates = {
  valid_from: string;
  source: string;
  currency: 'UAH';
  /** Kopiykas for one declaration and year at coefficient 1. */
  base_rate_minor_per_year: number;
  /** Hundredths: 400 is 4.0. */
  age_coefficient_hundredths: Record<AgeGroup, number>;
  /** Hundredths: what a declaration with a division in a mountain settlement is multiplied by. */
  mountain_coefficient_hundredths: number;
};

/** Rates of the first version of capitation, as data: a later decision adds a row, it never changes one. */
export const capitation_rates: CapitationRates[] = [
  {
    valid_from: '2018-07-01',
    source:
      'Постанова Кабінету Міністрів України від 25.04.2018 № 407 «Про затвердження порядку реалізації державних гарантій ' +
      'медичного обслуговування населення за програмою медичних гарантій для первинної медичної допомоги на 2018 рік»',
    currency: 'UAH',
    base_rate_minor_per_year: 37_000,
    age_coefficient_hundredths: { '0-5': 400, '6-17': 220, '18-39': 100, '40-64': 120, '65+': 200 },
    mountain_coefficient_hundredths: 125,
  },
];

/**
 * The age group of somebody on the billing date (not on the day the report runs).
 * @throws RangeError for somebody not yet born.
 */
export function ageGroupOn(birth_date: string, billing_date: string): AgeGroup {
  return ageGroup(ageOn(birth_date, billing_date));
}

/** The age group of an age in full years. */
export function ageGroup(age: number): AgeGroup {
  if (!(age >= 0)) throw new RangeError(`an age of at least 0 expected, found ${age}`);
  if (age < 6) return '0-5';
  if (age < 18) return '6-17';
  if (age < 40) return '18-39';
  return age < 65 ? '40-64' : '65+';
}

/** The rates in force on a day: the latest that has begun; the first ones for any earlier day. */
export function capitationRatesOn(date: string): CapitationRates {
  return capitation_rates.findLast((rates) => rates.valid_from <= date) ?? capitation_rates[0]!;
}

/** Kopiykas for one month of that many declarations: exact, rounded half up once, at the end. */
export function monthlyCapitation(
  rates: CapitationRates,
  line: { declarations: number; age_group: AgeGroup; mountain_group: boolean },
): number {
  const mountain = line.mountain_group ? rates.mountain_coefficient_hundredths : 100;
  const numerator =
    BigInt(line.declarations) *
    BigInt(rates.base_rate_minor_per_year) *
    BigInt(rates.age_coefficient_hundredths[line.age_group]) *
    BigInt(mountain);
  const denominator = 12n * 100n * 100n;
  return Number((2n * numerator + denominator) / (2n * denominator));
}
