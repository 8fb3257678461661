import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addDays, addMonths, addYears } from '@zdravo/country-ua';
import { findUnfit } from './bounds.ts';
import { default_parameters } from './defaults.ts';

const counted = Object.keys(default_parameters).filter((name) => !name.endsWith('_unit'));

test('the values of the reference fit', () => {
  assert.deepEqual(findUnfit(default_parameters, {}), []);
});

test('no number is negative, zero, fractional, huge, padded or anything else than digits; the path says which', () => {
  const nonsense = ['-1', '-0', '0', '1.5', '1e3', '1e+21', '999999999', '9'.repeat(400), '007', ' 1', '١', '', 'NaN'];
  for (const name of counted)
    for (const value of [...nonsense, 'Infinity', 'null', '0x10'])
      assert.deepEqual(
        findUnfit({ [name]: value }, {}).map(({ entry }) => entry),
        [`$.${name}`],
        `${name} ${value}`,
      );
});

test('an unknown parameter is told by its name, cleaned', () => {
  assert.deepEqual(findUnfit({ 'a<b>': '1' }, {})[0]?.entry, '$.a?b?');
  assert.deepEqual(findUnfit({ constructor: '1' }, {})[0]?.entry, '$.constructor');
});

test('a term is judged together with its unit, whichever of the two changes', () => {
  const years = { declaration_term_unit: 'YEARS' };
  assert.deepEqual(findUnfit({ declaration_term: '100' }, years), []);
  assert.equal(findUnfit({ declaration_term: '101' }, years)[0]?.entry, '$.declaration_term');
  assert.equal(findUnfit(years, { declaration_term: '365' })[0]?.entry, '$.declaration_term_unit');
  assert.equal(findUnfit({ ...years, declaration_term: '365' }, {})[0]?.entry, '$.declaration_term');
  assert.deepEqual(findUnfit({ adult_age: '18' }, { ...years, declaration_term: '365' }), []);
  assert.deepEqual(findUnfit({ declaration_term_unit: 'SECONDS' }, {})[0]?.rules[0]?.params, [
    'DAYS',
    'MONTHS',
    'YEARS',
  ]);
});

test('the longest term still ends on a date with a year of four digits', () => {
  for (const [add, unit] of [
    [addDays, 'DAYS'],
    [addMonths, 'MONTHS'],
    [addYears, 'YEARS'],
  ] as const) {
    const [refusal] = findUnfit({ declaration_term: '99999999', declaration_term_unit: unit }, {});
    const [, most] = refusal!.rules[0]!.params as number[];
    assert.deepEqual(findUnfit({ declaration_term: String(most), declaration_term_unit: unit }, {}), []);
    assert.match(add('2096-02-29', most!), /^2[12]\d\d-\d\d-\d\d$/);
  }
});
