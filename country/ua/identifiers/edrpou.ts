/**
 * Whether the text is a code of the State Register of Enterprises (EDRPOU): eight digits, not all zero, the last one the
 * check digit. Sole traders are registered under their tax number instead and have no EDRPOU of their own.
 */
export function isValidEdrpou(text: string): boolean {
  return /^[0-9]{8}$/.test(text) && text !== '00000000' && checkDigit(text) === Number(text[7]);
}

/**
 * The EDRPOU code with that seven-digit body.
 * @throws RangeError unless the body is 1 … 9 999 999.
 */
export function makeEdrpou(body: number): string {
  if (!Number.isInteger(body) || body < 1 || body > 9_999_999) {
    throw new RangeError(`a body from 1 to 9999999 expected, found ${body}`);
  }
  const digits = String(body).padStart(7, '0');
  return `${digits}${checkDigit(digits)}`;
}

/** Weights 1…7, turned by one place for codes from 30 to 60 million; each greater by 2 when the first remainder is 10. */
function checkDigit(digits: string): number {
  const turned = digits.slice(0, 7) >= '3000000' && digits.slice(0, 7) < '6000000';
  const weights = turned ? [7, 1, 2, 3, 4, 5, 6] : [1, 2, 3, 4, 5, 6, 7];
  const first = remainder(digits, weights);
  if (first < 10) return first;
  const second = remainder(
    digits,
    weights.map((weight) => weight + 2),
  );
  return second < 10 ? second : 0;
}

function remainder(digits: string, weights: number[]): number {
  return weights.reduce((total, weight, place) => total + weight * Number(digits[place]), 0) % 11;
}
