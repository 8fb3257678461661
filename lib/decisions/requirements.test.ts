import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileModel, type DecisionModel, type DecisionTable, evaluateColumns, explain } from './index.ts';
import { smallModel } from './testing/small-models.ts';

function table(id: string, requires: string[], more: Partial<DecisionTable>): DecisionTable {
  return { ...smallModel({ x: 'number' }, []).tables[0]!, id, name: id, requires, ...more };
}

const risk = table('risk level', ['age', 'smoker'], {
  id: 'risk',
  hit_policy: 'F',
  inputs: [
    { id: 'i1', expression: 'age', type: 'integer' },
    { id: 'i2', expression: 'smoker', type: 'boolean' },
  ],
  outputs: [
    { id: 'o1', name: 'level', type: 'string' },
    { id: 'o2', name: 'weight', type: 'number' },
  ],
  rules: [
    { id: 'r1', inputs: ['> 60', 'true'], outputs: ['"high"', '2.5'] },
    { id: 'r2', inputs: ['-', '-'], outputs: ['"low"', '1'] },
  ],
});
const flags = table('flags', ['age', 'smoker'], {
  hit_policy: 'C',
  inputs: risk.inputs,
  outputs: [{ id: 'o', name: 'flag', type: 'string' }],
  rules: [
    { id: 'r1', inputs: ['> 60', '-'], outputs: ['"old"'] },
    { id: 'r2', inputs: ['-', 'true'], outputs: ['"smokes"'] },
  ],
});
const price = table('price', ['risk', 'flags', 'since'], {
  inputs: [
    { id: 'i1', expression: 'risk level.level', type: 'string' },
    { id: 'i2', expression: 'count(flags)', type: 'number' },
    { id: 'i3', expression: 'since', type: 'date' },
  ],
  outputs: [{ id: 'o', name: 'price', type: 'number' }],
  hit_policy: 'F',
  rules: [
    { id: 'r1', inputs: ['"high"', '>= 2', '< @"2020-01-01"'], outputs: ['100.10 * risk level.weight'] },
    { id: 'r2', inputs: ['-', '-', '-'], outputs: ['100.10'] },
  ],
});
const model: DecisionModel = {
  id: 'm',
  name: 'm',
  namespace: 'urn:m',
  data: [
    { id: 'age', name: 'age', type: 'integer' },
    { id: 'smoker', name: 'smoker', type: 'boolean' },
    { id: 'since', name: 'since', type: 'date' },
  ],
  tables: [price, { ...risk, name: 'risk level' }, flags],
};

test('tables use the outputs of the tables they require, whatever the order in the document', () => {
  const compiled = compileModel(model);
  assert.equal(compiled.decide('price', { age: 61, smoker: true, since: '2019-12-31' }).output, '250.25');
  assert.equal(compiled.decide('price', { age: 61, smoker: true, since: '2020-01-01' }).output, '100.1');
  assert.equal(compiled.decide('price', { age: 30, smoker: true, since: '2019-12-31' }).output, '100.1');
});

test('a row object that changes between two decisions is read anew', () => {
  const compiled = compileModel(model);
  const row = { age: 61, smoker: true, since: '2019-12-31' };
  assert.equal(compiled.decide('price', row).output, '250.25');
  row.age = 30;
  assert.equal(compiled.decide('price', row).output, '100.1');
  assert.equal(explain(compiled, 'price', row).required.length, 2);
});

test('a batch with required decisions gives what single rows give', () => {
  const compiled = compileModel(model);
  const rows = Array.from({ length: 300 }, (_, i) => ({
    age: i % 90,
    smoker: i % 3 === 0,
    since: i % 2 ? '2019-05-05' : '2021-05-05',
  }));
  const columns = {
    age: rows.map((row) => row.age),
    smoker: rows.map((row) => row.smoker),
    since: rows.map((row) => row.since),
  };
  const batch = evaluateColumns(compiled, 'price', columns, rows.length);
  for (const [i, row] of rows.entries()) {
    assert.deepEqual(batch.verdicts[batch.verdict_of_row[i]!], compiled.decide('price', row));
  }
});

test('a lattice of tables that all require each other’s results is decided once per table', () => {
  const layers = 60;
  const tables = Array.from({ length: layers }, (_, i) => {
    const from = i === 0 ? 'x' : `t${i - 1}`;
    return table(`t${i}`, [from], {
      inputs: [0, 1, 2].map((n) => ({ id: `i${n}`, expression: from, type: 'number' as const })),
      outputs: [{ id: 'o', name: 'o', type: 'number' }],
      rules: [{ id: 'r', inputs: ['-', '-', '-'], outputs: [`${from} + 1`] }],
    });
  });
  const lattice = { ...model, data: [{ id: 'x', name: 'x', type: 'number' as const }], tables };
  assert.equal(compileModel(lattice).decide(`t${layers - 1}`, { x: 0 }).output, String(layers));
});

test('circles, missing requirements, double names and unknown inputs are refused', () => {
  const circle = (requires: string[]) => ({ ...model, tables: [table('a', requires, { rules: [] })] });
  assert.throws(() => compileModel(circle(['a'])), { code: 'REQUIREMENT_CYCLE' });
  assert.throws(() => compileModel(circle(['nobody'])), { code: 'UNKNOWN_DECISION' });
  assert.throws(() => compileModel({ ...model, tables: [risk, risk] }), { code: 'TABLE_SHAPE' });
  assert.throws(() => compileModel({ ...model, tables: [{ ...risk, requires: ['age'] }] }), {
    code: 'UNKNOWN_NAME',
    place: { table: 'risk', cell: 'smoker', offset: 0 },
  });
});

test('bad rows are refused with the cell, in batches with the row', () => {
  const compiled = compileModel(smallModel({ age: 'integer', day: 'date' }, [['-', '-', '"x"']]));
  const decide = (age: unknown, day: unknown) => () => compiled.decideStrictly('verdict', { age, day });
  const place = { table: 'verdict', cell: 'age' };
  for (const bad of [
    1.5,
    '1',
    Number.NaN,
    Number.POSITIVE_INFINITY,
    true,
    {},
    [],
    () => 1,
    Symbol('x'),
    { units: 15n, scale: 1 },
    { units: 1n, scale: -1 },
  ]) {
    assert.throws(decide(bad, '2026-01-01'), { code: 'INPUT_TYPE', place }, String(bad));
  }
  for (const bad of [
    '2026-02-29',
    '2026-1-1',
    '20260101',
    '2026-01-01T00:00:00Z',
    20260101,
    new Date(0),
    '２０２６-01-01',
  ]) {
    assert.throws(decide(1, bad), { code: 'INPUT_TYPE', place: { table: 'verdict', cell: 'day' } }, String(bad));
  }
  assert.throws(() => compiled.decide('verdict', { day: '2026-01-01' }), { code: 'INPUT_MISSING', place });
  assert.throws(() => compiled.decideStrictly('verdict', { age: 1, day: '2026-01-01', agee: 1 }), {
    code: 'INPUT_UNKNOWN',
  });
  const ages = [1, 2, 'three'];
  const days = ages.map(() => '2026-01-01');
  assert.throws(() => evaluateColumns(compiled, 'verdict', { age: ages, day: days }, 3), {
    code: 'INPUT_TYPE',
    place: { ...place, row: 2 },
  });
  assert.throws(() => evaluateColumns(compiled, 'verdict', { age: [1, 2, 3] }, 3), { code: 'INPUT_MISSING' });
});
