import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  addDecimals,
  compareDecimals,
  type Decimal,
  decimal,
  divideDecimals,
  formatDecimal,
  minorUnits,
  multiplyDecimals,
  type Rounding,
  roundDecimal,
} from './index.ts';

const any = fc.record({ units: fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), scale: fc.nat({ max: 12 }) });
const equal = (a: Decimal, b: Decimal) => compareDecimals(a, b) === 0;

test('a decimal survives its text, and equal decimals have one text', () => {
  fc.assert(fc.property(any, (value) => equal(decimal(formatDecimal(value)), value)));
  assert.deepEqual(
    ['1.50', '-0.00', '007', '.5', '1e3', '12E-2', '+4'].map((text) => formatDecimal(decimal(text))),
    ['1.5', '0', '7', '0.5', '1000', '0.12', '4'],
  );
  for (const bad of ['', '.', '1.', 'e5', '0x10', '1 2', 'NaN', 'Infinity', '1e99999', '１'])
    assert.throws(() => decimal(bad), { code: 'NOT_A_NUMBER' }, bad);
});

test('sums and products are exact', () => {
  fc.assert(
    fc.property(any, any, any, (a, b, c) =>
      equal(multiplyDecimals(a, addDecimals(b, c)), addDecimals(multiplyDecimals(a, b), multiplyDecimals(a, c))),
    ),
  );
  assert.equal(formatDecimal(addDecimals(decimal(0.1), decimal(0.2))), '0.3');
});

test('a quotient is within half a unit of its 34th digit', () => {
  fc.assert(
    fc.property(
      any,
      any.filter(({ units }) => units !== 0n),
      (a, b) => {
        const error = addDecimals(multiplyDecimals(divideDecimals(a, b), b), { units: -a.units, scale: a.scale });
        const magnitude = (value: Decimal) => Math.abs(Number(formatDecimal(value)));
        return magnitude(error) <= magnitude(a) * 1e-33;
      },
    ),
  );
  assert.equal(formatDecimal(divideDecimals(decimal(1), decimal(3))), `0.${'3'.repeat(34)}`);
  assert.equal(formatDecimal(divideDecimals(decimal('7.5'), decimal('0.25'))), '30');
});

test('rounding goes where its name says', () => {
  const cases: [Rounding, string[]][] = [
    ['half_up', ['3', '-3', '2', '1']],
    ['half_even', ['2', '-2', '2', '1']],
    ['floor', ['2', '-3', '1', '1']],
    ['ceiling', ['3', '-2', '2', '2']],
  ];
  for (const [rounding, expected] of cases) {
    assert.deepEqual(
      ['2.5', '-2.5', '1.5', '1.49'].map((text) => formatDecimal(roundDecimal(decimal(text), 0, rounding))),
      expected,
      rounding,
    );
  }
});

test('minor units are whole or refused', () => {
  assert.equal(minorUnits('12.5', 2), 1_250n);
  assert.equal(minorUnits('-0.10', 2), -10n);
  assert.throws(() => minorUnits('0.001', 2), { code: 'NOT_A_NUMBER' });
});
