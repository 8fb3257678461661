import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fieldType, TYPE_NAMES } from '../fields/types.ts';
import { keyedHash, tokensOf } from '../records/hashing.ts';
import { damerauLevenshtein } from './damerau-levenshtein.ts';
import { dateLevel, normaliseDate } from './dates.ts';
import { jaroWinkler } from './jaro-winkler.ts';
import { isAbsent } from './text.ts';
import { toLatin, transliterationKey } from './transliteration.ts';

const letters = fc.string({ unit: fc.constantFrom(...'abcіїєŁ01 -'), maxLength: 12 });

test('Jaro–Winkler gives the figures of Winkler 1990', () => {
  for (const [left, right, expected] of [
    ['martha', 'marhta', 0.961],
    ['dixon', 'dicksonx', 0.813],
    ['dwayne', 'duane', 0.84],
    ['abc', 'xyz', 0],
  ] as const) {
    assert.equal(
      Math.abs(jaroWinkler(left, right) - expected) < 0.001,
      true,
      `${left} ${right} ${jaroWinkler(left, right)}`,
    );
  }
});

test('Damerau–Levenshtein counts an edit or a swap of neighbours as one and stops at its limit', () => {
  assert.equal(damerauLevenshtein('kovalenko', 'kovalneko', 3), 1);
  assert.equal(damerauLevenshtein('kitten', 'sitting', 5), 3);
  assert.equal(damerauLevenshtein('', 'abc', 5), 3);
  assert.equal(damerauLevenshtein('kitten', 'sitting', 1), 2);
});

test('text comparators are symmetric and full only for equal texts', () => {
  fc.assert(
    fc.property(letters, letters, (left, right) => {
      assert.equal(jaroWinkler(left, right), jaroWinkler(right, left));
      assert.equal(damerauLevenshtein(left, right, 4), damerauLevenshtein(right, left, 4));
      assert.equal(damerauLevenshtein(left, right, 4) === 0, left === right);
    }),
  );
});

test('Ukrainian, Russian and Latin spellings of one name share a key', () => {
  const keyOf = (name: string): string => transliterationKey(toLatin(name));
  assert.deepEqual(['Сергій', 'Сергей', 'Serhii', 'Sergei', 'Sergey'].map(keyOf), Array(5).fill(keyOf('Сергій')));
  assert.equal(keyOf('Юрій'), keyOf('Yurii'));
  assert.equal(toLatin('Koвaленко'), toLatin('Коваленко'), 'Latin letters that look Cyrillic are mended');
});

test('every type compares symmetrically, on values and on tokens', () => {
  const hash = keyedHash(Buffer.from('test key'));
  const raw = fc.oneof(
    letters,
    fc.constantFrom('1990-01-02', '02.01.1990', '1990', '12345678', 'a@b.ua', 'x;y', '10,5'),
  );
  for (const name of TYPE_NAMES) {
    const type = fieldType(name);
    fc.assert(
      fc.property(raw, raw, (one, other) => {
        const [left, right] = [type.normalise(one), type.normalise(other)];
        if (left === null || right === null || left === right) return;
        const level = type.compareValues(left, right);
        assert.equal(level, type.compareValues(right, left), `${name}: ${left} | ${right}`);
        assert.equal(level > 0 && level < type.levels.length, true);
        const [a, b] = [tokensOf(type, left, hash), tokensOf(type, right, hash)];
        assert.equal(type.compareTokens(a, b), type.compareTokens(b, a), `${name} tokens: ${left} | ${right}`);
      }),
      { numRuns: 200 },
    );
  }
});

test('an absent value is recognised in its usual spellings and no name is', () => {
  for (const word of ['', '  ', 'NA', 'n/a', 'NULL', '-', 'Unknown']) assert.equal(isAbsent(word), true, word);
  for (const word of ['Nan Goldin', 'Ann', '0']) assert.equal(isAbsent(word), false, word);
});

test('dates are read in the usual ways, impossible ones are kept, nonsense is absent', () => {
  for (const written of ['1990-02-01', '19900201', '01.02.1990', '1/2/1990', '1990-02-01T10:00:00Z', '1 Feb 1990']) {
    assert.equal(normaliseDate(written), '1990-02-01', written);
  }
  assert.equal(normaliseDate('2/1/1990', 'mdy'), '1990-02-01');
  assert.equal(normaliseDate('19903245'), '1990-32-45');
  assert.equal(normaliseDate('yesterday'), null);
});

test('dates agree by typo, by two parts, by year or not', () => {
  assert.equal(dateLevel('1990-02-01', '1990-01-02'), 1);
  assert.equal(dateLevel('1990-02-01', '1990-02-11'), 1);
  assert.equal(dateLevel('1990-02-01', '1990-02-29'), 2);
  assert.equal(dateLevel('1990-02-01', '1990-11-28'), 3);
  assert.equal(dateLevel('1990-02-01', '1955-11-28'), 4);
});
