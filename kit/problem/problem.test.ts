import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conflict, invalidField, Problem } from './index.ts';

test('a broken rule names its place, its rule and a description', () => {
  const problem = invalidField('$.person.tax_id', 'invalid tax_id value');
  assert.ok(problem instanceof Problem);
  assert.equal(problem.status, 422);
  assert.deepEqual(problem.invalid, [
    {
      entry: '$.person.tax_id',
      entry_type: 'json_data_property',
      rules: [{ rule: 'invalid', params: [], description: 'invalid tax_id value' }],
    },
  ]);
});

test('a conflict is a 409 with a stable code', () => {
  const problem = conflict('Invalid transition');
  assert.equal(problem.status, 409);
  assert.equal(problem.code, 'request_conflict');
});
