import { DecisionError } from './errors.ts';

/** An exact decimal number: `units` / 10^`scale`. Money is never a float. */
export interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

export type Rounding = 'half_up' | 'half_even' | 'floor' | 'ceiling';

const NUMBER = /^([+-]?)(\d*)(?:\.(\d+))?(?:[eE]([+-]?\d{1,4}))?$/;
/** Far beyond any sum of money; keeps hostile exponents from filling the memory. */
const LARGEST_EXPONENT = 400;
const MOST_DIGITS = 1_000;
/** Digits a quotient is computed to: those of IEEE 754 decimal128, which FEEL prescribes (DMN 1.5 §10.3.2.3.1). */
const DIVISION_DIGITS = 34;

/** The decimal that a text or a whole or short number means; a JS number means its shortest decimal text. */
export function decimal(value: string | number | bigint): Decimal {
  if (typeof value === 'bigint') return { units: value, scale: 0 };
  if (typeof value === 'number' && Number.isSafeInteger(value)) return { units: BigInt(value), scale: 0 };
  const parts = NUMBER.exec(String(value));
  const exponent = Number(parts?.[4] ?? 0);
  if (!parts || !(parts[2] || parts[3]) || Math.abs(exponent) > LARGEST_EXPONENT) {
    throw new DecisionError('NOT_A_NUMBER', `expected a decimal number, found ${JSON.stringify(String(value))}`);
  }
  const fraction = parts[3] ?? '';
  const units = BigInt(`${parts[2]}${fraction}`) * (parts[1] === '-' ? -1n : 1n);
  return shifted({ units, scale: fraction.length }, exponent);
}

/** The shortest text of the number: no exponent, no trailing zeros, so equal numbers have equal texts. */
export function formatDecimal(value: Decimal): string {
  const { units, scale } = normalised(value);
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  return `${units < 0n ? '-' : ''}${whole}${scale > 0 ? `.${digits.slice(-scale)}` : ''}`;
}

/** Negative, zero or positive as `a` is less than, equal to or greater than `b`. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale);
  const left = unitsAt(a, scale);
  const right = unitsAt(b, scale);
  return left < right ? -1 : left > right ? 1 : 0;
}

export function addDecimals(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return { units: unitsAt(a, scale) + unitsAt(b, scale), scale };
}

export function negateDecimal(value: Decimal): Decimal {
  return { units: -value.units, scale: value.scale };
}

/** The exact product; a chain of squarings that would fill the memory is an error. */
export function multiplyDecimals(a: Decimal, b: Decimal): Decimal {
  if (digitsOf(a.units) + digitsOf(b.units) > MOST_DIGITS || a.scale + b.scale > MOST_DIGITS) {
    throw new DecisionError('NUMBER_TOO_LARGE', `a product would have more than ${MOST_DIGITS} digits`);
  }
  return { units: a.units * b.units, scale: a.scale + b.scale };
}

/** The quotient to 34 significant digits, rounded half even; dividing by zero is an error with a code. */
export function divideDecimals(a: Decimal, b: Decimal): Decimal {
  if (b.units === 0n) throw new DecisionError('DIVISION_BY_ZERO', `${formatDecimal(a)} was divided by zero`);
  const shift = Math.max(0, DIVISION_DIGITS + digitsOf(b.units) - digitsOf(a.units));
  const units = dividedUnits(a.units * 10n ** BigInt(shift), b.units, 'half_even');
  return normalised(shifted({ units, scale: shift }, b.scale - a.scale));
}

/** dividend - divisor × floor(dividend / divisor), exact (DMN 1.5 §10.3.4.5, `modulo`). */
export function moduloDecimals(dividend: Decimal, divisor: Decimal): Decimal {
  if (divisor.units === 0n) throw new DecisionError('DIVISION_BY_ZERO', `modulo of ${formatDecimal(dividend)} by zero`);
  const scale = Math.max(dividend.scale, divisor.scale);
  const modulus = unitsAt(divisor, scale);
  return { units: ((unitsAt(dividend, scale) % modulus) + modulus) % modulus, scale };
}

/** Rounded to `scale` digits after the point. */
export function roundDecimal(value: Decimal, scale: number, rounding: Rounding): Decimal {
  if (value.scale <= scale) return value;
  return { units: dividedUnits(value.units, 10n ** BigInt(value.scale - scale), rounding), scale };
}

export function isWhole(value: Decimal): boolean {
  return normalised(value).scale === 0;
}

/** Whole minor units of a money text, e.g. ("12.5", 2) → 1250n; a rest below the minor unit is an error, never rounded. */
export function minorUnits(text: string, scale: number): bigint {
  const value = normalised(decimal(text));
  if (value.scale > scale) {
    throw new DecisionError('NOT_A_NUMBER', `${text} has more than ${scale} digits after the point`);
  }
  return unitsAt(value, scale);
}

function unitsAt(value: Decimal, scale: number): bigint {
  return scale === value.scale ? value.units : value.units * 10n ** BigInt(scale - value.scale);
}

function shifted({ units, scale }: Decimal, exponent: number): Decimal {
  const shift = scale - exponent;
  return shift >= 0 ? { units, scale: shift } : { units: units * 10n ** BigInt(-shift), scale: 0 };
}

function normalised(value: Decimal): Decimal {
  let { units, scale } = value;
  while (scale > 0 && units % 10n === 0n) {
    units /= 10n;
    scale -= 1;
  }
  return { units, scale };
}

function digitsOf(units: bigint): number {
  return (units < 0n ? -units : units).toString().length;
}

function dividedUnits(numerator: bigint, denominator: bigint, rounding: Rounding): bigint {
  const negative = numerator < 0n !== denominator < 0n;
  const top = numerator < 0n ? -numerator : numerator;
  const bottom = denominator < 0n ? -denominator : denominator;
  const quotient = top / bottom;
  const rest = top % bottom;
  const magnitude =
    quotient + (awayFromZero({ quotient, twice_rest: rest * 2n, bottom, negative }, rounding) ? 1n : 0n);
  return negative ? -magnitude : magnitude;
}

function awayFromZero(
  division: { quotient: bigint; twice_rest: bigint; bottom: bigint; negative: boolean },
  rounding: Rounding,
): boolean {
  const { quotient, twice_rest, bottom, negative } = division;
  if (twice_rest === 0n) return false;
  if (rounding === 'floor') return negative;
  if (rounding === 'ceiling') return !negative;
  if (twice_rest !== bottom) return twice_rest > bottom;
  return rounding === 'half_up' || quotient % 2n === 1n;
}
