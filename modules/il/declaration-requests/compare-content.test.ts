import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { contentBytes, differingPaths } from './compare-content.ts';

const stored = {
  id: 'a',
  person: { first_name: 'Оля', second_name: null, documents: [{ type: 'PASSPORT', number: 'АА123456' }] },
  seed: 'x',
};

test('null and absent are the same; order of members does not matter', () => {
  const signed = {
    seed: 'x',
    person: { documents: [{ number: 'АА123456', type: 'PASSPORT' }], first_name: 'Оля' },
    id: 'a',
  };
  assert.deepEqual(differingPaths(stored, signed), []);
  assert.deepEqual(contentBytes(stored), contentBytes({ ...signed, seed: 'another' }));
});

const cases: [string, unknown, string[]][] = [
  ['a changed text', { ...stored, id: 'b' }, ['$.id']],
  ['a number for a text', { ...stored, id: 1 }, ['$.id']],
  ['an added member', { ...stored, more: true }, ['$.more']],
  ['a member with a name that is no name', { ...stored, 'Іван <b>': 1 }, ['$.??????b?']],
  ['a document fewer', { ...stored, person: { ...stored.person, documents: [] } }, ['$.person.documents']],
  [
    'a changed document number',
    { ...stored, person: { ...stored.person, documents: [{ type: 'PASSPORT', number: 'ББ1' }] } },
    ['$.person.documents[0].number'],
  ],
  ['a wrapper', { data: stored }, ['$.id', '$.person', '$.seed', '$.data']],
];

for (const [name, signed, paths] of cases)
  test(`the difference is named by its place: ${name}`, () => assert.deepEqual(differingPaths(stored, signed), paths));

test('contents are the same exactly when nothing differs', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), fc.jsonValue({ maxDepth: 3 }), (one, other) => {
      const same = Buffer.from(contentBytes({ one })).equals(contentBytes({ one: other }));
      assert.equal(differingPaths(one, other).length === 0, same);
      assert.deepEqual(differingPaths(one, structuredClone(one)), []);
    }),
  );
});
