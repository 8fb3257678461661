import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { keyedHash } from './hashing.ts';

test('the keyed hash is HMAC-SHA-256, for short and for long keys', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 100 }),
      fc.string({ unit: 'grapheme', maxLength: 50 }),
      (key, text) => {
        const expected = createHmac('sha256', key).update(`name\u0000near\u0000${text}`).digest().readInt32LE(0);
        assert.equal(keyedHash(key)('name', 'near', text), expected || 1);
      },
    ),
  );
});

test('a text too long to hash is refused, not cut', () => {
  assert.throws(() => keyedHash(Buffer.from('key'))('name', 'value', 'x'.repeat(5000)), /too long to hash/);
});
