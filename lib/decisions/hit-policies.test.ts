import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileModel, type DecisionError, type DecisionTable, type Output, type Verdict } from './index.ts';
import { smallModel } from './testing/small-models.ts';

const medals = '"gold", "silver", "bronze"';
const points: [string, string][] = [
  ['>= 10', '"bronze"'],
  ['>= 20', '"gold"'],
  ['>= 20', '"silver"'],
  ['>= 30', '"gold"'],
];

function verdict(points_scored: number, more: Partial<DecisionTable> & { output_values?: string }): Verdict {
  return compileModel(smallModel({ n: 'integer' }, points, more)).decide('verdict', { n: points_scored });
}

test('unique takes one rule and refuses two with both named', () => {
  assert.equal(verdict(10, { hit_policy: 'U' }).output, 'bronze');
  assert.throws(
    () => verdict(20, { hit_policy: 'U' }),
    (error: DecisionError) => {
      assert.equal(error.code, 'RULES_CONFLICT');
      assert.match(error.message, /rules 1, 2, 3/);
      return true;
    },
  );
});

test('any takes several rules of one mind and refuses others with the cell named', () => {
  const agree = smallModel(
    { n: 'integer' },
    [
      ['> 0', '1.50'],
      ['> 5', '1.5'],
    ],
    { hit_policy: 'A', output: 'number' },
  );
  assert.deepEqual(compileModel(agree).decide('verdict', { n: 6 }).output, '1.5');
  assert.throws(() => verdict(20, { hit_policy: 'A' }), {
    code: 'RULES_CONFLICT',
    place: { table: 'verdict', rule: 2, cell: 'verdict' },
  });
});

test('every hit policy chooses as DMN 1.5 §8.2.11 says', () => {
  const cases: [Partial<DecisionTable>, Output, number[]][] = [
    [{ hit_policy: 'F' }, 'bronze', [1]],
    [{ hit_policy: 'P' }, 'gold', [2]],
    [{ hit_policy: 'R' }, ['bronze', 'gold', 'silver'], [1, 2, 3]],
    [{ hit_policy: 'O' }, ['gold', 'silver', 'bronze'], [2, 3, 1]],
    [{ hit_policy: 'C' }, ['bronze', 'gold', 'silver'], [1, 2, 3]],
    [{ hit_policy: 'C', aggregation: '#' }, '3', [1, 2, 3]],
    [{ hit_policy: 'C', aggregation: '<' }, 'bronze', [1, 2, 3]],
    [{ hit_policy: 'C', aggregation: '>' }, 'silver', [1, 2, 3]],
  ];
  for (const [policy, output, rules] of cases) {
    const found = verdict(25, { ...policy, output_values: medals });
    assert.deepEqual([found.output, found.rules], [output, rules], JSON.stringify(policy));
  }
});

test('a sum of tenths is exact', () => {
  const model = smallModel(
    { n: 'integer' },
    [
      ['-', '0.1'],
      ['-', '0.2'],
      ['> 5', '1000000000000000000.03'],
    ],
    {
      hit_policy: 'C',
      aggregation: '+',
      output: 'number',
    },
  );
  assert.equal(compileModel(model).decide('verdict', { n: 1 }).output, '0.3');
  assert.equal(compileModel(model).decide('verdict', { n: 6 }).output, '1000000000000000000.33');
});

test('without a match the default answers, else nothing does; false, 0 and "" are answers', () => {
  const outputs = (value: string) => [{ id: 'out', name: 'verdict', type: 'string' as const, default: value }];
  assert.deepEqual(verdict(0, { hit_policy: 'U' }), { table: 'verdict', outcome: 'none', rules: [], output: null });
  assert.equal(verdict(0, { hit_policy: 'C', aggregation: '#' }).output, '0');
  assert.deepEqual(verdict(0, { hit_policy: 'U', outputs: outputs('""') }), {
    table: 'verdict',
    outcome: 'default',
    rules: [],
    output: '',
  });
  const falsy = smallModel({ n: 'integer' }, [['0', 'false', '0', '""']], {
    outputs: [
      { id: 'a', name: 'a', type: 'boolean', default: 'true' },
      { id: 'b', name: 'b', type: 'number', default: '9' },
      { id: 'c', name: 'c', type: 'string' },
    ],
  });
  const compiled = compileModel(falsy);
  assert.deepEqual(compiled.decide('verdict', { n: 0 }).output, { a: false, b: '0', c: '' });
  assert.deepEqual(compiled.decide('verdict', { n: 1 }).output, { a: true, b: '9', c: null });
});

test('impossible combinations of policy and outputs are refused', () => {
  for (const more of [
    { hit_policy: 'P' as const },
    { hit_policy: 'O' as const },
    { hit_policy: 'U' as const, aggregation: '+' as const },
    { hit_policy: 'C' as const, aggregation: '+' as const },
  ]) {
    assert.throws(() => verdict(10, more), { code: 'HIT_POLICY' }, JSON.stringify(more));
  }
  assert.throws(() => verdict(10, { hit_policy: 'U', output_values: '"gold"' }), {
    code: 'OUTPUT_NOT_ALLOWED',
    place: { table: 'verdict', rule: 1, cell: 'verdict' },
  });
});

test('outputs are computed exactly, and a division by zero names rule and cell', () => {
  const model = smallModel(
    { rate: 'number', part: 'number' },
    [
      ['> 0', '-', 'rate * 1.2 + 0.1'],
      ['<= 0', '-', 'round half up(1 / part, 4)'],
    ],
    {
      output: 'number',
    },
  );
  const compiled = compileModel(model);
  assert.equal(compiled.decide('verdict', { rate: 0.1, part: 0 }).output, '0.22');
  assert.equal(compiled.decide('verdict', { rate: 0, part: 3 }).output, '0.3333');
  assert.throws(
    () => compiled.decide('verdict', { rate: 0, part: 0 }),
    (error: DecisionError) => {
      assert.equal(error.code, 'DIVISION_BY_ZERO');
      assert.deepEqual([error.place.rule, error.place.cell], [2, 'verdict']);
      return true;
    },
  );
});

test('a chain of squarings is refused before it fills the memory', () => {
  const square = (name: string, from: string): DecisionTable => ({
    ...smallModel({ [from]: 'number' }, [['-', `${from} * ${from}`]], { output: 'number' }).tables[0]!,
    id: name,
    name,
    requires: [from],
  });
  const names = ['x', ...Array.from({ length: 40 }, (_, i) => `t${i}`)];
  const tables = names.slice(1).map((name, i) => square(name, names[i]!));
  const model = {
    id: 'm',
    name: 'm',
    namespace: 'urn:m',
    data: [{ id: 'x', name: 'x', type: 'number' as const }],
    tables,
  };
  assert.throws(() => compileModel(model).decide('t39', { x: 99 }), { code: 'NUMBER_TOO_LARGE' });
});
