import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { copyOfAny, copyOnTerms } from './json-copy.ts';

test('a value of JSON is copied as JSON copies it, and shares nothing with the copy', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
      const copy = copyOfAny(value);
      assert.deepEqual(copy, JSON.parse(JSON.stringify(value)));
      assert.equal(JSON.stringify(copy), JSON.stringify(value));
      if (value !== null && typeof value === 'object') assert.notEqual(copy, value);
    }),
    { numRuns: 500 },
  );
});

test('of anything else the copy is what JSON makes of it, or there is none', () => {
  const anything = fc.anything({
    withDate: true,
    withBigInt: true,
    withNullPrototype: true,
    withSparseArray: true,
    withMap: true,
    withTypedArray: true,
    withUnicodeString: true,
    withBoxedValues: true,
  });
  fc.assert(
    fc.property(anything, (value) => {
      const copy = copyOfAny(value);
      if (copy !== undefined) assert.deepEqual(copy, JSON.parse(JSON.stringify(value)));
    }),
    { numRuns: 2_000 },
  );
  const speaks = { toJSON: () => 'other' };
  const endless: unknown[] = [];
  endless.push(endless);
  for (const value of [new Date(), Number.NaN, [undefined], speaks, [speaks], endless, JSON.parse('{"__proto__":{}}')])
    assert.equal(copyOfAny(value), undefined);
});

test('nothing is copied that is larger than the terms allow, and what is far smaller always is', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.integer({ min: 1, max: 4_000 }), (value, limit_bytes) => {
      const copy = copyOnTerms(value, { takesText: () => true, bytes_left: limit_bytes });
      const bytes = Buffer.byteLength(JSON.stringify(value));
      if (copy !== undefined) assert.ok(bytes <= limit_bytes, `${bytes} of ${limit_bytes}`);
      if (copy === undefined) assert.ok(bytes > limit_bytes / 30, `${bytes} of ${limit_bytes}`);
    }),
    { numRuns: 1_000 },
  );
});
