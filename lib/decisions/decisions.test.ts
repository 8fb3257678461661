import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  compileModel,
  DecisionError,
  type DecisionModel,
  type DecisionTable,
  errorsOf,
  evaluateColumns,
  explain,
  exportDmn,
  type HitPolicy,
  importDmn,
  validateModel,
} from './index.ts';

/** Age groups with their coefficients: the table of the first capitation. */
function ageGroups(tests: string[], hit_policy: HitPolicy = 'U', more: Partial<DecisionTable> = {}): DecisionModel {
  const coefficients = ['4.0', '2.2', '1.0', '1.2', '2.0'];
  return {
    id: 'capitation',
    name: 'capitation',
    namespace: 'https://zdravo.example/capitation',
    data: [{ id: 'age', name: 'age', type: 'integer' }],
    tables: [
      {
        id: 'coefficient',
        name: 'coefficient',
        hit_policy,
        inputs: [{ id: 'in_age', expression: 'age', type: 'integer', allowed_values: '[0..150]' }],
        outputs: [{ id: 'out', name: 'coefficient', type: 'number' }],
        rules: tests.map((test_text, index) => ({
          id: `r${index + 1}`,
          inputs: [test_text],
          outputs: [coefficients[index]!],
        })),
        requires: ['age'],
        ...more,
      },
    ],
  };
}

const groups = ['[0..5]', '[6..17]', '[18..39]', '[40..64]', '>= 65'];

test('every age gets its group’s coefficient, exact at the boundaries', () => {
  const model = compileModel(ageGroups(groups));
  const of = (age: number) => model.decide('coefficient', { age }).output;
  const cases: [number, string][] = [
    [0, '4'],
    [5, '4'],
    [6, '2.2'],
    [17, '2.2'],
    [18, '1'],
    [39, '1'],
    [40, '1.2'],
    [64, '1.2'],
    [65, '2'],
    [150, '2'],
  ];
  for (const [age, coefficient] of cases) assert.equal(Number(of(age)), Number(coefficient), `age ${age}`);
});

test('a complete table has no findings; a gap and an overlap are found with their cell', () => {
  assert.deepEqual(validateModel(ageGroups(groups)), []);
  const gap = validateModel(ageGroups(['[0..5]', '[7..17]', '[18..39]', '[40..64]', '>= 65']));
  assert.equal(gap.length, 1);
  assert.equal(gap[0]!.place.table, 'coefficient');
  assert.deepEqual(gap[0]!.region, { age: '6' });
  const overlap = validateModel(ageGroups(['[0..6]', '[6..17]', '[18..39]', '[40..64]', '>= 65']));
  assert.ok(overlap.some((finding) => /overlap/i.test(`${finding.code} ${finding.message}`)));
});

test('a cell that is no FEEL is an error with its rule and cell', () => {
  const findings = errorsOf(validateModel(ageGroups(['[0..', ...groups.slice(1)])));
  assert.ok(findings.length > 0);
  assert.equal(findings[0]!.place.rule, 1);
});

test('collect tables add up, rule order lists, first takes the first', () => {
  const overlapping = ['>= 0', '>= 6', '>= 18', '>= 40', '>= 65'];
  const decide = (hit_policy: HitPolicy, more: Partial<DecisionTable> = {}) =>
    compileModel(ageGroups(overlapping, hit_policy, more)).decide('coefficient', { age: 20 }).output;
  assert.equal(Number(decide('C', { aggregation: '+' })), 7.2);
  assert.equal(Number(decide('C', { aggregation: '#' })), 3);
  assert.deepEqual((decide('R') as string[]).map(Number), [4, 2.2, 1]);
  assert.equal(Number(decide('F')), 4);
});

test('an explanation names the rule that decided and, of the others, the cell that failed', () => {
  const { rules } = explain(compileModel(ageGroups(groups)), 'coefficient', { age: 10 });
  assert.deepEqual(
    rules.map((rule) => rule.decided),
    [false, true, false, false, false],
  );
  assert.deepEqual(rules[0]!.failed, { cell: 'age', test: '[0..5]', value: '10' });
});

test('a batch of columns gives the verdicts of its rows', () => {
  const model = compileModel(ageGroups(groups));
  const ages = Int32Array.from({ length: 1_000 }, (_, row) => row % 151);
  const { verdict_of_row, verdicts } = evaluateColumns(model, 'coefficient', { age: ages }, ages.length);
  ages.forEach((age, row) => {
    assert.deepEqual(verdicts[verdict_of_row[row]!]!.output, model.decide('coefficient', { age }).output);
  });
});

test('DMN out and in again decides the same', () => {
  const { model } = importDmn(exportDmn(ageGroups(groups)));
  const again = compileModel(model);
  const before = compileModel(ageGroups(groups));
  const id = model.tables[0]!.id;
  for (let age = 0; age <= 150; age++)
    assert.deepEqual(again.decide(id, { age }).output, before.decide('coefficient', { age }).output);
});

test('malformed DMN, entities and unknown inputs are refused with a code', () => {
  const refused = (error: unknown) => error instanceof DecisionError;
  for (const xml of ['', '<a', '<definitions>', '<!DOCTYPE a [<!ENTITY x "y">]><definitions/>', 'x'.repeat(10_000)])
    assert.throws(() => importDmn(xml), refused);
  const model = compileModel(ageGroups(groups));
  assert.throws(() => model.decideStrictly('coefficient', { age: 5, agee: 6 }), refused);
  assert.throws(() => model.decide('nothing', { age: 5 }), refused);
});

test('text in names, values and cells is never executed', () => {
  const evil = `"); globalThis.pwned = true; ("`;
  const model = ageGroups(groups);
  const tables = model.tables.map((table) => ({
    ...table,
    name: table.name,
    rules: table.rules.map((rule) => ({ ...rule, annotation: evil, id: evil + rule.id })),
  }));
  compileModel({ ...model, name: evil, tables }).decide('coefficient', { age: 5 });
  assert.throws(() => compileModel(ageGroups([evil, ...groups.slice(1)])), DecisionError);
  assert.equal('pwned' in globalThis, false);
});
