import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { knownPartOf, Nullable } from './index.ts';

const Inner = Type.Object({ a: Type.Optional(Type.Unknown()), b: Type.Optional(Nullable(Type.Integer())) });
const schema = Type.Object({
  name: Type.Optional(Nullable(Type.String())),
  list: Type.Optional(Nullable(Type.Array(Inner))),
  inner: Type.Optional(Nullable(Inner)),
  any: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
});

/** Members named `__proto__` are refused where JSON is read; the library loses them, a copy keeps them. */
const json = () => fc.jsonValue().filter((value) => !JSON.stringify(value).includes('__proto__'));

test('the known part is what the library cleans, member by member, and a copy', async () => {
  const inner = fc.record({ a: json(), b: fc.option(fc.integer()), c: json() }, { requiredKeys: [] });
  const value = fc.record(
    {
      name: fc.option(fc.string()),
      list: fc.option(fc.array(inner)),
      inner: fc.option(inner),
      any: fc.dictionary(
        fc.string().filter((name) => name !== '__proto__'),
        json(),
      ),
      other: json(),
      toString: fc.string(),
    },
    { requiredKeys: [] },
  );
  const knownPart = knownPartOf(schema);
  fc.assert(
    fc.property(value, (made) => {
      const given = JSON.parse(JSON.stringify(made));
      const before = structuredClone(given);
      const known = knownPart(given);
      assert.deepEqual(known, Value.Clean(schema, structuredClone(given)));
      for (const member of Object.values(known))
        if (member !== null && typeof member === 'object') Object.freeze(member);
      assert.deepEqual(given, before);
    }),
  );
});
