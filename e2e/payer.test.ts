import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { signInOfficer } from '@zdravo/dev/demo/clinics';
import { startStage, type TestStage } from './stage.ts';

let stage: TestStage;
let token: string;

before(async () => {
  stage = await startStage();
  token = await signInOfficer(stage);
});
after(() => stage?.close());

const call = (method: string, path: string, body?: unknown) => stage.api.call(method, path, { token, body });

test('the officer changes an enumeration or adds one; nonsense is refused with its place', async () => {
  const path = '/api/dictionaries/WALK_AID';
  const values = { STICK: 'Ціпок', '<b>': "'; drop table il.dictionaries; --" };
  const added = await call('PATCH', path, { name: 'WALK_AID', values, labels: ['EXTERNAL'], is_active: true });
  assert.equal(added.status, 200, JSON.stringify(added.body));
  assert.deepEqual((await call('GET', '/api/dictionaries?name=WALK_AID')).body.data, [added.body.data]);
  assert.deepEqual(added.body.data.values, values);
  for (const [entry, body] of [
    ['$.values', { values: {} }],
    ['$.values', { values: [] }],
    ['$.values', { is_active: true }],
    ['$.values.STICK', { values: { STICK: 1 } }],
    ['$.values.STICK', { values: { STICK: '' } }],
    ['$.values.', { values: { '': 'Ціпок' } }],
    ['$.labels', { values, labels: 'EXTERNAL' }],
    ['$.is_active', { values, is_active: 'yes' }],
  ] as const) {
    const refused = await call('PATCH', path, body);
    assert.equal(refused.status, 422, JSON.stringify(body));
    assert.equal(refused.body.error.invalid[0].entry, entry);
  }
  assert.equal((await call('PATCH', '/api/dictionaries/walk aid', { values })).status, 404);
});

test('an order to end declarations of nobody is not found', async () => {
  for (const body of [{ person_id: randomUUID() }, { employee_id: randomUUID(), reason_description: '<script>' }])
    assert.equal((await call('PATCH', '/api/declarations/terminate', body)).status, 404);
  for (const body of [{}, { person_id: randomUUID(), employee_id: randomUUID() }])
    assert.equal((await call('PATCH', '/api/declarations/terminate', body)).body.error.invalid[0].entry, '$');
});

test('parameters of an address that a list does not know change nothing', async () => {
  for (const path of ['employees', 'employee_requests', 'legal_entities', 'party_users', 'uaddresses/settlements']) {
    const plain = await call('GET', `/api/${path}`);
    const more = await call('GET', `/api/${path}?id_=%27&is_active=maybe&limit=-1&offset=x&order_by=1;--`);
    assert.equal(more.status, 200, path);
    assert.deepEqual(more.body.data, plain.body.data);
  }
});
