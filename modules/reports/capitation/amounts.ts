import { addDecimals, decimal, formatDecimal, multiplyDecimals } from '@zdravo/decisions';

export type Rate = { base_rate_minor_per_year: string; age_coefficient: string; mountain_coefficient: string };

/**
 * Kopiykas of one month for that many declarations: count × yearly base rate × age coefficient × mountain coefficient ÷ 12,
 * exact, rounded half up once, at the end.
 */
export function monthlyAmount(declaration_count: number, rate: Rate): number {
  const product = [rate.base_rate_minor_per_year, rate.age_coefficient, rate.mountain_coefficient].reduce(
    (total, factor) => multiplyDecimals(total, decimal(factor)),
    decimal(declaration_count),
  );
  const [whole = '0', fraction = ''] = formatDecimal(product).split('.');
  const scale = 10n ** BigInt(fraction.length);
  const numerator = BigInt(whole + fraction);
  return Number((2n * numerator + 12n * scale) / (24n * scale));
}

/** Sum of minor units as a number; exact far beyond any country's budget. */
export function sumMinor(amounts: readonly number[]): number {
  return Number(formatDecimal(amounts.reduce((total, amount) => addDecimals(total, decimal(amount)), decimal(0))));
}

/** `1234567` → `12345.67`. */
export function hryvnias(minor: number): string {
  const digits = String(Math.abs(minor)).padStart(3, '0');
  return `${minor < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
