import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fieldType, TYPE_NAMES } from '../fields/types.ts';
import { keyedHash, tokensOf } from '../records/hashing.ts';
import { damerauLevenshtein } from './damerau-levenshtein.ts';
import { dateLevel, normaliseDate } from './dates.ts';
import { jaroWinkler } from './jaro-winkler.ts';
import { normaliseNumber } from './numbers.ts';
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

test('a limit tells no less than the whole distance does', () => {
  const text = fc.string({ unit: fc.constantFrom(...'abc '), maxLength: 40 });
  fc.assert(
    fc.property(text, text, fc.integer({ min: 1, max: 12 }), (left, right, limit) => {
      assert.equal(damerauLevenshtein(left, right, limit), Math.min(limit + 1, damerauLevenshtein(left, right, 80)));
    }),
    { numRuns: 2000 },
  );
});

test('a Greek name is the name that its passport has in Latin letters', () => {
  for (const [greek, latin] of [
    ['Γεώργιος Παπαδόπουλος', 'Georgios Papadopoulos'],
    ['ΕΥΑΓΓΕΛΊΑ', 'Evaggelia'],
    ['Χρήστος', 'Christos'],
    ['Αϋφαντής', 'Ayfantis'],
  ] as const)
    assert.equal(toLatin(greek), toLatin(latin));
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
  assert.equal(normaliseDate('Feb 1, 1990'), '1990-02-01');
  assert.deepEqual(
    ['01.02.90', '01.02.08', '2/13/90'].map((date) => normaliseDate(date)),
    ['1990-02-01', '2008-02-01', '1990-02-13'],
  );
  assert.deepEqual(
    ['1990', '1990-02', '44.45.90'].map((date) => normaliseDate(date)),
    ['1990-00-00', '1990-02-00', null],
  );
  assert.equal(normaliseDate('19903245'), '1990-32-45');
  assert.equal(normaliseDate('yesterday'), null);
});

test('numbers are read with either sign for fractions and thousands, and as prices', () => {
  for (const written of ['1234.5', '1234,5', '1 234,50', '1,234.50', '1.234,50', '$1,234.50', '1234.5 €'])
    assert.equal(normaliseNumber(written), '1234.5', written);
  assert.deepEqual(['1,234', '1.234', '-0,5', '1.234.567', 'ten', ''].map(normaliseNumber), [
    '1.234',
    '1.234',
    '-0.5',
    '1234567',
    null,
    null,
  ]);
});

test('dates agree by typo, by two parts, by year or not', () => {
  assert.equal(dateLevel('1990-02-01', '1990-01-02'), 1);
  assert.equal(dateLevel('1990-02-01', '1990-02-11'), 1);
  assert.equal(dateLevel('1990-02-01', '1990-02-29'), 2);
  assert.equal(dateLevel('1990-02-01', '1990-11-28'), 3);
  assert.equal(dateLevel('1990-02-01', '1955-11-28'), 4);
});
