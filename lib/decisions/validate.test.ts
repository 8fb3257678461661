import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  compileModel,
  type DecisionTable,
  errorsOf,
  type Finding,
  type HitPolicy,
  type ValueType,
  validateModel,
} from './index.ts';
import { smallModel } from './testing/small-models.ts';

function findings(
  inputs: Record<string, ValueType>,
  rules: [...string[]][],
  more: Parameters<typeof smallModel>[2] = {},
): Finding[] {
  return validateModel(smallModel(inputs, rules, more));
}

const codes = (found: Finding[]) => found.map(({ code, place }) => [code, place.rule, place.cell]);

test('whole numbers leave no gap between 5 and 6, other numbers do', () => {
  const rules = [
    ['<= 5', '"child"'],
    ['>= 6', '"other"'],
  ];
  assert.deepEqual(findings({ age: 'integer' }, rules), []);
  const [gap, ...more] = findings({ age: 'number' }, rules);
  assert.deepEqual(more, []);
  assert.deepEqual([gap!.code, gap!.severity, gap!.region], ['GAP', 'error', { age: '(5..6)' }]);
});

test('the first capitation’s wrong boundaries are found, with the cells', () => {
  const wrong = [
    ['[0..5]', '"0-5"'],
    ['[6..17]', '"6-17"'],
    ['[18..40]', '"18-39"'],
    ['[40..64]', '"40-64"'],
    ['> 65', '">65"'],
  ];
  const found = findings({ age: 'integer' }, wrong);
  assert.deepEqual(codes(found), [
    ['GAP', 1, 'age'],
    ['OVERLAP', 4, 'age'],
  ]);
  assert.deepEqual(
    found.map((finding) => finding.region),
    [{ age: '< 0, 65' }, { age: '40' }],
  );
});

test('a gap over several columns names only the values concerned and the nearest rule’s failing cell', () => {
  const found = findings({ age: 'integer', mountain: 'boolean' }, [
    ['< 18', '-', '"a"'],
    ['>= 18', 'true', '"b"'],
  ]);
  assert.deepEqual(codes(found), [['GAP', 1, 'age']]);
  assert.deepEqual(found[0]!.region, { age: '>= 18', mountain: 'false' });
});

test('dates have no gap between two days, texts have the values nobody named', () => {
  assert.deepEqual(
    findings({ day: 'date' }, [
      ['<= @"2024-02-28"', '"a"'],
      ['>= @"2024-02-29"', '"b"'],
    ]),
    [],
  );
  const [gap] = findings({ sex: 'string' }, [
    ['"MALE"', '"m"'],
    ['"FEMALE"', '"f"'],
  ]);
  assert.deepEqual(gap!.region, { sex: 'any other text' });
  const inputs = [{ id: 'i', expression: 'sex', type: 'string' as const, allowed_values: '"MALE", "FEMALE"' }];
  assert.deepEqual(
    findings(
      { sex: 'string' },
      [
        ['"MALE"', '"m"'],
        ['"FEMALE"', '"f"'],
      ],
      { inputs },
    ),
    [],
  );
});

test('a default closes every gap; an open list or sum is only a warning', () => {
  const open: [string, string][] = [['> 5', '1']];
  const outputs = [{ id: 'o', name: 'o', type: 'number' as const, default: '0' }];
  assert.deepEqual(findings({ n: 'number' }, open, { outputs }), []);
  const sum = findings({ n: 'number' }, open, { hit_policy: 'C', aggregation: '+', output: 'number' });
  assert.deepEqual(errorsOf(sum), []);
  assert.equal(sum.length, 1);
});

test('rules that never decide are found: shadowed, outranked or outside the allowed values', () => {
  const first: Partial<DecisionTable> = { hit_policy: 'F' };
  assert.deepEqual(
    codes(
      findings(
        { n: 'integer' },
        [
          ['< 10', '"a"'],
          ['>= 5', '"b"'],
          ['[3..7]', '"c"'],
        ],
        first,
      ),
    ),
    [['UNREACHABLE_RULE', 3, 'n']],
  );
  const priority = { hit_policy: 'P' as const, output_values: '"high", "low"' };
  assert.deepEqual(
    codes(
      findings(
        { n: 'integer' },
        [
          ['> 5', '"low"'],
          ['-', '"high"'],
        ],
        priority,
      ),
    ),
    [['UNREACHABLE_RULE', 1, 'n']],
  );
  const inputs = [{ id: 'i', expression: 'n', type: 'integer' as const, allowed_values: '[0..10]' }];
  const outside = findings(
    { n: 'integer' },
    [
      ['-', '"a"'],
      ['> 10', '"b"'],
    ],
    { hit_policy: 'F', inputs },
  );
  assert.deepEqual(codes(outside), [['UNREACHABLE_RULE', 2, 'n']]);
  assert.match(outside[0]!.message, /no value/);
});

test('any allows overlaps that agree and finds those that do not', () => {
  const any = { hit_policy: 'A' as const, output: 'number' as const };
  assert.deepEqual(
    findings(
      { n: 'integer' },
      [
        ['-', '1.0'],
        ['> 5', '1'],
      ],
      any,
    ),
    [],
  );
  assert.deepEqual(
    codes(
      findings(
        { n: 'integer' },
        [
          ['-', '1'],
          ['> 5', '2'],
        ],
        any,
      ),
    ),
    [['OVERLAP', 2, 'n']],
  );
});

test('all broken cells of all tables are told at once', () => {
  const found = findings({ n: 'integer', s: 'string' }, [
    ['"x"', '5', '"a"'],
    ['> m', '"ok', '1'],
    ['1', '-', '"fine"'],
  ]);
  assert.deepEqual(codes(found), [
    ['FEEL_TYPE', 1, 'n'],
    ['FEEL_TYPE', 1, 's'],
    ['UNKNOWN_NAME', 2, 'n'],
    ['FEEL_SYNTAX', 2, 's'],
    ['FEEL_TYPE', 2, 'verdict'],
  ]);
});

const edge = fc.integer({ min: 0, max: 6 });
const numeric_cell = fc.oneof(
  fc
    .tuple(edge, edge)
    .filter(([a, b]) => a <= b)
    .map(([a, b]) => `[${a}..${b}]`),
  edge.map((n) => `< ${n}`),
  edge.map((n) => `not(${n})`),
  fc.constant('-'),
);
const rule = fc.tuple(numeric_cell, numeric_cell, fc.constantFrom('true', 'false', '-'), fc.constant('"x"'));

test('gaps, overlaps and unreachable rules are those that trying every row finds', () => {
  const policy = fc.constantFrom<HitPolicy>('U', 'F');
  fc.assert(
    fc.property(fc.array(rule, { minLength: 1, maxLength: 5 }), policy, (rules, hit_policy) => {
      const model = smallModel({ a: 'integer', b: 'integer', c: 'boolean' }, rules, { hit_policy });
      const compiled = compileModel(model).table('verdict');
      const seen = { gap: false, pairs: new Set<string>(), deciding: new Set<number>() };
      for (let a = -1; a <= 7; a++)
        for (let b = -1; b <= 7; b++)
          for (const c of [true, false]) {
            const hits = compiled.matchingRules({ a, b, c });
            if (hits.length === 0) seen.gap = true;
            for (const hit of hit_policy === 'F' ? hits.slice(0, 1) : hits) seen.deciding.add(hit + 1);
            for (const [i, x] of hits.entries()) for (const y of hits.slice(i + 1)) seen.pairs.add(`${x + 1},${y + 1}`);
          }
      const found = validateModel(model);
      const of = (code: string) => found.filter((finding) => finding.code === code);
      assert.equal(of('GAP').length > 0, seen.gap);
      assert.equal(of('OVERLAP').length, hit_policy === 'U' ? seen.pairs.size : 0);
      const unreachable = rules.map((_, i) => i + 1).filter((number) => !seen.deciding.has(number));
      assert.deepEqual(
        of('UNREACHABLE_RULE').map((finding) => finding.place.rule),
        unreachable,
      );
    }),
    { numRuns: 300 },
  );
});

test('a table too large for a diagram still decides, and says that it is not proven', () => {
  const names = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`n${i}`, 'number' as const]));
  const rules = Array.from({ length: 60 }, (_, r) => [
    ...Array.from({ length: 12 }, (_, c) => `[${(r * 7 + c * 13) % 50}..${((r * 7 + c * 13) % 50) + 40}]`),
    `"${r}"`,
  ]);
  const model = smallModel(names, rules, { hit_policy: 'R' });
  assert.deepEqual(
    validateModel(model).map((finding) => finding.code),
    ['TABLE_TOO_COMPLEX'],
  );
  const row = Object.fromEntries(Object.keys(names).map((name) => [name, 45]));
  const expected = rules.flatMap((cells, r) =>
    cells
      .slice(0, 12)
      .every((cell) => 45 <= Number(cell.split('..')[1]!.slice(0, -1)) && 45 >= Number(cell.slice(1).split('..')[0]))
      ? [r]
      : [],
  );
  assert.deepEqual(compileModel(model).table('verdict').matchingRules(row), expected);
});
