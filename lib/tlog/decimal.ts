import { TlogError } from './errors.ts';

/** The largest tree size that this library reads: it fits PostgreSQL's bigint, and keeps every proof within 63 hashes. */
export const MAX_SIZE = 2n ** 63n - 1n;

/** A decimal without sign or leading zeros, as all C2SP formats write sizes and times. Throws `number_invalid`. */
export function parseDecimal(text: string, max: bigint = MAX_SIZE): bigint {
  if (!/^(0|[1-9][0-9]{0,19})$/.test(text)) throw new TlogError('number_invalid', JSON.stringify(text.slice(0, 32)));
  const value = BigInt(text);
  if (value > max) throw new TlogError('number_invalid', `${text} is above ${max}`);
  return value;
}
