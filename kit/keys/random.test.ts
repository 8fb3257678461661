import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fewRandomBytes } from './random.ts';

test('no bytes are given twice, across the ends of many reserves, and later ones leave earlier ones as they are', () => {
  const lengths = [12, 32];
  const taken = Array.from({ length: 5000 }, (_, at) => fewRandomBytes(lengths[at % 2]!));
  const texts = taken.map((bytes) => bytes.toString('hex'));
  assert.deepEqual(
    taken.map(({ length }) => length),
    taken.map((_, at) => lengths[at % 2]),
  );
  assert.equal(new Set(texts).size, texts.length);
  for (let at = 0; at < 1000; at++) fewRandomBytes(32);
  assert.deepEqual(
    taken.map((bytes) => bytes.toString('hex')),
    texts,
  );
});

test('more than a reserve is refused', () => {
  assert.throws(() => fewRandomBytes(4097), RangeError);
});
