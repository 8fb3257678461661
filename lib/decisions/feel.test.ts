import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { date, dateAndTime, unaryTest } from 'feelin';
import { compileModel, DecisionError } from './index.ts';
import type { ValueType } from './model.ts';
import { rulesByFeelin } from './testing/feelin-interpretation.ts';
import { smallModel } from './testing/small-models.ts';

const number = fc.oneof(
  fc.integer({ min: -20, max: 20 }).map(String),
  fc.constantFrom('0.1', '2.5', '-3.75', '.5', '1000000'),
);
const text = fc.constantFrom('"a"', '"b"', '"ab"', '""', '"ж"', '"q\\"uote"', '"\\u0041"');
const day = fc.constantFrom('@"2026-01-01"', 'date("2024-02-29")', '@"2026-12-31"', 'date("1999-12-31")');
const instant = fc.constantFrom(
  '@"2026-01-01T00:00:00Z"',
  'date and time("2026-01-01T02:00:00+02:00")',
  '@"2025-06-01T12:30:15Z"',
);

function orderedTests(literal: fc.Arbitrary<string>, compare: (a: string, b: string) => number): fc.Arbitrary<string> {
  const comparison = fc
    .tuple(fc.constantFrom('<', '<=', '>', '>=', '=', '!='), literal)
    .map((parts) => parts.join(' '));
  const range = fc
    .tuple(fc.constantFrom('[', '(', ']'), literal, literal, fc.constantFrom(']', ')', '['))
    .filter(([, low, high]) => compare(low, high) <= 0)
    .map(([open, low, high, close]) => `${open}${low}..${high}${close}`);
  return fc.oneof(literal, comparison, range, fc.constant('null'));
}

/** Only of numbers and texts: feelin finds members of a list by identity, so dates are never found in one. */
function withLists(tests: fc.Arbitrary<string>, literal: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof(
    tests,
    fc.tuple(literal, literal).map(([a, b]) => `[${a}, ${b}]`),
  );
}

function cells(single: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const list = fc.array(single, { minLength: 1, maxLength: 3 }).map((tests) => tests.join(', '));
  return fc.oneof(
    list,
    list.map((tests) => `not(${tests})`),
    fc.constant('-'),
    fc.constant(''),
  );
}

const value_of = (literal: string) => {
  for (const candidate of [-20, -3.75, 0.1, 0.5, 2.5, 1e6])
    if (unaryTest(literal, { '?': candidate }).value === true) return candidate;
  return Number(literal);
};
const key_of_day = (literal: string) => /\d{4}-\d\d-\d\d/.exec(literal)![0];
const key_of_instant = (literal: string) => new Date(/\d{4}[^"]*/.exec(literal)![0]).toISOString();
const key_of_text = (literal: string) => literal.replaceAll('\\"', '"').replace('\\u0041', 'A').slice(1, -1);
const byKey = (key: (literal: string) => string) => (a: string, b: string) =>
  key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0;

const columns: Record<string, { type: ValueType; cell: fc.Arbitrary<string>; value: fc.Arbitrary<unknown> }> = {
  n: {
    type: 'number',
    cell: cells(
      withLists(
        orderedTests(number, (a, b) => value_of(a) - value_of(b)),
        number,
      ),
    ),
    value: fc.oneof(
      fc.integer({ min: -22, max: 22 }),
      fc.constantFrom(0.1, 0.5, 2.5, -3.75, 1e6, 1e-17, 0.30000000000000004, null),
    ),
  },
  s: {
    type: 'string',
    cell: cells(withLists(orderedTests(text, byKey(key_of_text)), text)),
    value: fc.constantFrom('a', 'b', 'ab', '', 'ж', 'q"uote', 'A', 'zzz', 'a\u0000', null),
  },
  b: {
    type: 'boolean',
    cell: fc.constantFrom(
      'true',
      'false',
      '-',
      'not(true)',
      'true, false',
      'not(true, false)',
      'null',
      '? = true',
      '? != false',
    ),
    value: fc.constantFrom(true, false, null),
  },
  d: {
    type: 'date',
    cell: cells(orderedTests(day, byKey(key_of_day))),
    value: fc.constantFrom('2026-01-01', '2024-02-29', '2024-03-01', '2026-12-31', '1999-12-31', '1900-01-01', null),
  },
  t: {
    type: 'dateTime',
    cell: cells(orderedTests(instant, byKey(key_of_instant))),
    value: fc.constantFrom(
      '2026-01-01T00:00:00Z',
      '2026-01-01T01:00:00+01:00',
      '2025-06-01T12:30:15Z',
      '2030-01-01T00:00:00Z',
      null,
    ),
  },
};

test('a compiled table matches the rules that feelin’s interpretation matches', () => {
  const rule = fc.tuple(...Object.values(columns).map(({ cell }) => cell), fc.constant('"x"'));
  const row = fc.record(Object.fromEntries(Object.entries(columns).map(([name, { value }]) => [name, value])));
  const types = Object.fromEntries(Object.entries(columns).map(([name, { type }]) => [name, type]));
  fc.assert(
    fc.property(
      fc.array(rule, { minLength: 1, maxLength: 6 }),
      fc.array(row, { minLength: 5, maxLength: 5 }),
      (rules, rows) => {
        const model = smallModel(types, rules, { hit_policy: 'R' });
        const compiled = compileModel(model).table('verdict');
        for (const facts of rows) {
          const expected = rulesByFeelin(model.tables[0]!, {
            ...facts,
            d: facts['d'] === null ? null : date(facts['d'] as string),
            t: facts['t'] === null ? null : dateAndTime(facts['t'] as string),
          });
          assert.deepEqual(compiled.matchingRules(facts), expected, JSON.stringify(facts));
        }
      },
    ),
    { numRuns: 200 },
  );
});

/** No range ends before it starts here: feelin turns such a range round, in DMN it holds nothing. */
test('computed cells match as feelin’s interpretation does', () => {
  const cell = fc.constantFrom(
    '? > m',
    '< m',
    'm',
    '[-9..m]',
    '? + m = 10',
    '? * 2 > m - 1 and m > 0',
    'even(?)',
    'odd(?) or ? > 5',
    'not(? > m)',
    '? between -9 and m',
    '? in [1..5]',
    'if m > 3 then ? > 3 else ? < 3',
    'abs(?) > 2',
    'modulo(?, 3) = 1',
    'floor(? / 2) = 2',
    '? in (1, 3, > 7)',
    'max(?, m) > 4',
    '-? = m',
  );
  const integer = fc.integer({ min: -9, max: 9 });
  fc.assert(
    fc.property(fc.array(cell, { minLength: 1, maxLength: 5 }), integer, integer, (tests, x, m) => {
      const rules = tests.map((text_of_cell): string[] => [text_of_cell, '-', '"x"']);
      const model = smallModel({ x: 'number', m: 'number' }, rules, { hit_policy: 'R' });
      const matched = compileModel(model).table('verdict').matchingRules({ x, m });
      assert.deepEqual(matched, rulesByFeelin(model.tables[0]!, { x, m }), JSON.stringify({ tests, x, m }));
    }),
    { numRuns: 500 },
  );
});

test('constants are compared exactly, also beyond the digits of a double', () => {
  const model = smallModel({ n: 'number' }, [
    ['< 12345678901234567890.1', '"less"'],
    ['12345678901234567890.1', '"equal"'],
    ['> 12345678901234567890.1', '"more"'],
  ]);
  const decide = (n: unknown) => compileModel(model).decide('verdict', { n }).output;
  assert.equal(decide({ units: 123456789012345678900n, scale: 1 }), 'less');
  assert.equal(decide({ units: 123456789012345678901n, scale: 1 }), 'equal');
  assert.equal(decide(12345678901234567891n), 'more');
  const cents = smallModel({ n: 'number' }, [['0.3', '"yes"']], { hit_policy: 'F' });
  assert.equal(compileModel(cents).decide('verdict', { n: 0.1 + 0.2 }).outcome, 'none');
  assert.equal(compileModel(cents).decide('verdict', { n: 0.3 }).output, 'yes');
});

test('type errors, unknown names and unsupported parts are refused with the cell', () => {
  const cases: [string, string, string][] = [
    ['"a"', 'FEEL_TYPE', 'a text in a column of numbers'],
    ['< true', 'FEEL_TYPE', 'a boolean compared with numbers'],
    ['[5..1]', 'FEEL_TYPE', 'a range the wrong way round'],
    ['[@"2026-01-01"..5]', 'FEEL_TYPE', 'a range of two types'],
    ['> agee', 'UNKNOWN_NAME', 'a name that no input has'],
    ['? > 3 and', 'FEEL_SYNTAX', 'half an expression'],
    ['matches(?, "(a+)+$")', 'FEEL_UNSUPPORTED', 'a regular expression'],
    ['for i in 1..1000000000 return i', 'FEEL_UNSUPPORTED', 'a loop'],
    ['> now()', 'FEEL_UNSUPPORTED', 'a clock'],
    ['function() external {}', 'FEEL_UNSUPPORTED', 'foreign code'],
    ['1 / 0', 'DIVISION_BY_ZERO', 'a division by zero'],
    ['@"2026-02-30"', 'FEEL_TYPE', 'a day that does not exist'],
    ['1e9999', 'NOT_A_NUMBER', 'an exponent that would fill the memory'],
  ];
  for (const [cell, code, why] of cases) {
    const model = smallModel(
      { age: 'number' },
      [
        ['-', '"x"'],
        [cell, '"y"'],
      ],
      { hit_policy: 'F' },
    );
    assert.throws(
      () => compileModel(model),
      (error: DecisionError) => {
        assert.ok(['FEEL_SYNTAX', code].includes(error.code), `${why}: ${error.code} ${error.message}`);
        assert.deepEqual([error.place.table, error.place.rule, error.place.cell], ['verdict', 2, 'age'], why);
        return true;
      },
    );
  }
});

test('text of a table is never executed', () => {
  const attacks = [
    '"); globalThis.pwned = true; ("',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the attack is the text itself
    '`${globalThis.pwned = true}`',
    'constructor.constructor("globalThis.pwned = true")()',
    '"\\u0022); globalThis.pwned = true; //"',
    '__proto__',
    '(() => { globalThis.pwned = true })()',
    '\u2028globalThis.pwned = true',
  ];
  for (const attack of attacks) {
    const literal = JSON.stringify(attack);
    for (const model of [
      smallModel({ age: 'number' }, [[attack, '"x"']], { hit_policy: 'F' }),
      smallModel({ age: 'number' }, [['-', attack]], { hit_policy: 'F' }),
      smallModel({ s: 'string' }, [[literal, literal]], { hit_policy: 'F', id: attack, name: attack }),
      smallModel({ [attack]: 'number' }, [['> 0', '"x"']], { hit_policy: 'F' }),
    ]) {
      try {
        const compiled = compileModel(model);
        compiled.decide(model.tables[0]!.id, { age: 1, s: attack, [attack]: 1 });
      } catch (error) {
        assert.ok(error instanceof DecisionError, String(error));
      }
    }
  }
  assert.equal('pwned' in globalThis, false);
  const echo = smallModel({ s: 'string' }, [[JSON.stringify(attacks[0]), JSON.stringify(attacks[0])]], {
    hit_policy: 'F',
  });
  assert.equal(compileModel(echo).decide('verdict', { s: attacks[0] }).output, attacks[0]);
});

test('outputs named like members of objects stay data', () => {
  const model = smallModel({ s: 'string' }, [['-', '"polluted"', '1']], {
    hit_policy: 'F',
    outputs: [
      { id: 'a', name: '__proto__', type: 'string' },
      { id: 'b', name: 'constructor', type: 'number' },
    ],
  });
  const output = compileModel(model).decide('verdict', { s: '' }).output as Record<string, unknown>;
  assert.deepEqual(Object.entries(output), [
    ['__proto__', 'polluted'],
    ['constructor', '1'],
  ]);
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
});

test('any text in a cell is compiled or refused with a code, never anything else', () => {
  const piece = fc.constantFrom(
    '?',
    '(',
    ')',
    '[',
    ']',
    '..',
    ',',
    'not',
    '"',
    '"a"',
    '1',
    '-',
    '<',
    '>=',
    'age',
    ' and ',
    ' or ',
    'in',
    'between',
    'if ',
    ' then ',
    ' else ',
    '@"2026-01-01"',
    'date(',
    '{',
    '}',
    ':',
    '.',
    '*',
    '/',
    '**',
    'null',
    'true',
    'for ',
    'some ',
    'function(',
    'count',
    '//',
    '/*',
    '\n',
    '\\u',
    '🙂',
  );
  const cell = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.array(piece, { maxLength: 14 }).map((parts) => parts.join('')),
  );
  const codes = (work: () => unknown) => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof DecisionError)) throw error;
    }
  };
  fc.assert(
    fc.property(cell, (fuzzed) => {
      codes(() => compileModel(smallModel({ age: 'number' }, [[fuzzed, '"x"']])).decide('verdict', { age: 1 }));
      codes(() => compileModel(smallModel({ age: 'number' }, [['-', fuzzed]])).decide('verdict', { age: 1 }));
      codes(() =>
        compileModel(smallModel({ [fuzzed]: 'string' }, [['-', '"x"']])).decide('verdict', { [fuzzed]: 'x' }),
      );
    }),
    { numRuns: 1_000 },
  );
  for (const deep of [
    '('.repeat(3_900),
    '['.repeat(3_900),
    'not('.repeat(900),
    '-'.repeat(3_999),
    `${'('.repeat(1_900)}1${')'.repeat(1_900)}`,
  ]) {
    assert.throws(() => compileModel(smallModel({ age: 'number' }, [[deep, '"x"']])), DecisionError);
  }
});
