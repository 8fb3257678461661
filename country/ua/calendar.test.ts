import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  addDays,
  addMonths,
  addYears,
  ageOn,
  daysBetween,
  firstOfMonth,
  isCivilDate,
  lastDayBelowAge,
  time_zone,
} from './calendar.ts';
import {
  age_groups,
  ageGroup,
  ageGroupOn,
  capitation_rates,
  capitationRatesOn,
  monthlyCapitation,
} from './capitation-rates.ts';

const dates = fc.integer({ min: 0, max: 73_000 }).map((days) => addDays('1900-01-01', days));

test('the time zone is one that the runtime knows', () => {
  assert.doesNotThrow(() => new Intl.DateTimeFormat('uk', { timeZone: time_zone }));
});

test('only days of the calendar are civil dates', () => {
  for (const date of ['2000-02-29', '1900-01-31', '0001-01-01', '9999-12-31'])
    assert.equal(isCivilDate(date), true, date);
  const refused = [
    '1900-02-29',
    '2001-02-29',
    '2000-13-01',
    '2000-00-10',
    '2000-04-31',
    '0000-01-01',
    '2000-1-1',
    '2000-01-01T00:00:00Z',
    '',
    '20000-01-01',
  ];
  for (const text of refused) assert.equal(isCivilDate(text), false, text);
});

test('ages are full years, and somebody born on 29 February has the birthday on 1 March of common years', () => {
  const table: [string, string, number][] = [
    ['2000-06-15', '2018-06-14', 17],
    ['2000-06-15', '2018-06-15', 18],
    ['2000-02-29', '2018-02-28', 17],
    ['2000-02-29', '2018-03-01', 18],
    ['2000-02-29', '2020-02-28', 19],
    ['2000-02-29', '2020-02-29', 20],
    ['2020-01-01', '2020-01-01', 0],
    ['2020-01-02', '2020-01-01', -1],
  ];
  for (const [born, on, age] of table) assert.equal(ageOn(born, on), age, `${born} on ${on}`);
  assert.throws(() => ageOn('2000-02-30', '2020-01-01'), /2000-02-30/);
});

test('years and months later keep the day, or end with a shorter month', () => {
  assert.equal(addYears('2020-02-29', 1), '2021-02-28');
  assert.equal(addYears('2020-02-29', 4), '2024-02-29');
  assert.equal(addMonths('2020-01-31', 1), '2020-02-29');
  assert.equal(addMonths('2020-01-15', -1), '2019-12-15');
  assert.equal(addDays('2019-12-31', 1), '2020-01-01');
  assert.equal(firstOfMonth('2020-02-29'), '2020-02-01');
  assert.throws(() => addYears('9999-01-01', 1), RangeError);
});

test('adding days and counting them are inverse, in the first century too', () => {
  fc.assert(
    fc.property(dates, fc.integer({ min: -30_000, max: 30_000 }), (date, days) =>
      assert.equal(daysBetween(date, addDays(date, days)), days),
    ),
  );
  assert.equal(addDays('0099-12-31', 1), '0100-01-01');
});

test('the last day below an age is the day before the age is reached', () => {
  assert.equal(lastDayBelowAge('2010-05-10', 18), '2028-05-09');
  fc.assert(
    fc.property(dates, fc.integer({ min: 1, max: 30 }), (birth_date, age) => {
      const last = lastDayBelowAge(birth_date, age);
      assert.equal(ageOn(birth_date, last), age - 1);
      assert.equal(ageOn(birth_date, addDays(last, 1)), age);
    }),
  );
});

test('every age has one group, with the boundaries of the law', () => {
  const table = {
    0: '0-5',
    5: '0-5',
    6: '6-17',
    17: '6-17',
    18: '18-39',
    39: '18-39',
    40: '40-64',
    64: '40-64',
    65: '65+',
    130: '65+',
  };
  for (const [age, group] of Object.entries(table)) assert.equal(ageGroup(Number(age)), group);
  for (const age of [-1, Number.NaN]) assert.throws(() => ageGroup(age), RangeError);
  assert.equal(ageGroupOn('2000-01-02', '2018-01-01'), '6-17');
});

test('the monthly amount is exact and rounded once', () => {
  const rates = capitation_rates[0]!;
  assert.equal(monthlyCapitation(rates, { declarations: 12, age_group: '18-39', mountain_group: false }), 37_000);
  assert.equal(monthlyCapitation(rates, { declarations: 12, age_group: '0-5', mountain_group: true }), 185_000);
  assert.equal(monthlyCapitation(rates, { declarations: 1, age_group: '18-39', mountain_group: false }), 3083);
  assert.equal(monthlyCapitation(rates, { declarations: 6, age_group: '18-39', mountain_group: false }), 18_500);
  assert.equal(monthlyCapitation(rates, { declarations: 0, age_group: '65+', mountain_group: true }), 0);
  assert.equal(
    monthlyCapitation(rates, { declarations: 40_000_000, age_group: '0-5', mountain_group: true }),
    616_666_666_667,
  );
});

test('rates are those that have begun last', () => {
  assert.equal(capitationRatesOn('2030-01-01'), capitation_rates.at(-1));
  assert.equal(capitationRatesOn('2000-01-01'), capitation_rates[0]);
  for (const rates of capitation_rates)
    assert.deepEqual(Object.keys(rates.age_coefficient_hundredths), [...age_groups]);
});
