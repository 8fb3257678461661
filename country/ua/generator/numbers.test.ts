import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isCivilDate } from '../calendar.ts';
import { isValidDocumentNumber } from '../identifiers/documents.ts';
import { isValidPhone } from '../identifiers/phones.ts';
import {
  birthCertificateNumber,
  birthSlot,
  mobileNumber,
  nationalIdNumber,
  passportNumber,
  slots_per_block,
  staffTaxId,
} from './numbers.ts';
import { randomAt, seedOf, shuffled, uuidAt, weighted } from './random.ts';

const seed = seedOf('numbers');

test('no two of a year’s slots give one day and serial, up to 38.9 million persons', () => {
  for (const year of [1984, 1985]) {
    const taken = new Uint8Array(366 * 2500);
    const days = new Map<string, number>();
    for (let block = 0; block < 304_166; block += 1) {
      for (let slot = 0; slot < slots_per_block; slot += 1) {
        const { birth_date, serial } = birthSlot(seed, { year, gender: 'MALE', block, slot });
        const day = days.get(birth_date) ?? days.size;
        days.set(birth_date, day);
        const place = day * 2500 + serial / 2;
        assert.equal(taken[place], 0, `${birth_date} ${serial}`);
        taken[place] = 1;
      }
    }
    assert.equal(days.size, year === 1984 ? 366 : 365);
    for (const date of days.keys()) assert.ok(isCivilDate(date));
  }
});

test('the persons of one block have birthdays all over the year', () => {
  const years = Array.from({ length: 70 }, (_, place) => 1930 + place);
  const birthdays = years.flatMap((year) =>
    (['MALE', 'FEMALE'] as const).map((gender) =>
      birthSlot(seed, { year, gender, block: 7, slot: 0 }).birth_date.slice(5),
    ),
  );
  assert.ok(new Set(birthdays).size > 100, `${new Set(birthdays).size} of 140`);
});

test('shuffled numbers never repeat below their size', () => {
  const table: [size: number, step: number][] = [
    [100_000_000, 61_803_399],
    [1_000_000_000, 7_368_787],
    [50_000_000, 31_415_923],
    [160_000_000, 49_979_687],
    [365 * 2500, 373_587_883],
    [366 * 2500, 373_587_883],
  ];
  for (const [size, step] of table) {
    assert.equal(greatestCommonDivisor(size, step), 1);
    assert.ok((Math.min(size, 915_000_000) - 1) * step < Number.MAX_SAFE_INTEGER);
    fc.assert(
      fc.property(fc.nat(size - 1), fc.nat(size - 1), (one, other) => {
        const place = shuffled(seed, one, size, step);
        assert.ok(Number.isInteger(place) && place >= 0 && place < size);
        assert.equal(place === shuffled(seed, other, size, step), one === other);
      }),
    );
  }
});

test('numbers have the form of what they stand for', () => {
  fc.assert(
    fc.property(fc.nat(40_000_000), fc.boolean(), (index, twin) => {
      assert.ok(isValidDocumentNumber('PASSPORT', passportNumber(seed, index)));
      assert.ok(isValidDocumentNumber('NATIONAL_ID', nationalIdNumber(seed, index)));
      assert.ok(isValidDocumentNumber('BIRTH_CERTIFICATE', birthCertificateNumber(seed, index, twin)));
      assert.ok(isValidPhone(mobileNumber(seed, index)));
      assert.match(uuidAt(seed, 3, index), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }),
  );
  assert.equal(
    new Set(Array.from({ length: 5000 }, (_, number) => staffTaxId(seed, 1980, 'FEMALE', number).tax_id)).size,
    5000,
  );
});

test('the drawn numbers are even, and those of two streams or indexes have nothing in common', () => {
  const random = randomAt(seed, 1, 1);
  const counts = new Array(10).fill(0) as number[];
  for (let draw = 0; draw < 100_000; draw += 1) counts[random.below(10)]! += 1;
  for (const count of counts) assert.ok(Math.abs(count - 10_000) < 500, counts.join());
  const firsts = [0, 1, 2].flatMap((stream) =>
    [0, 1, 2 ** 32, 2 ** 33].map((index) => randomAt(seed, stream, index).uint32()),
  );
  assert.equal(new Set(firsts).size, firsts.length);
});

test('a weight of nothing is never drawn', () => {
  const random = randomAt(seed, 1, 2);
  const choice = weighted(['never', 'always', 'never either'], (item) => (item === 'always' ? 3 : 0));
  for (let draw = 0; draw < 1000; draw += 1) assert.equal(random.weighted(choice), 'always');
});

function greatestCommonDivisor(one: number, other: number): number {
  return other === 0 ? one : greatestCommonDivisor(other, one % other);
}
