import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  appendLeaves,
  decodeFrontier,
  EMPTY_FRONTIER,
  emptyRange,
  encodeFrontier,
  frontierRoot,
  mergeRanges,
} from './frontier.ts';
import { leavesUpTo, referenceRoot } from './testing/reference-tree.ts';
import { assertParserHolds, assertRefused } from './testing/refusals.ts';

const leaves = leavesUpTo(300);

test('the frontier of every size up to 300 has the root of RFC 6962', () => {
  let frontier = EMPTY_FRONTIER;
  for (let size = 0; size <= leaves.length; size++) {
    assert.deepEqual(frontierRoot(frontier), referenceRoot(leaves.slice(0, size)));
    assert.deepEqual(decodeFrontier(encodeFrontier(frontier)), frontier);
    frontier = appendLeaves(frontier, leaves.slice(size, size + 1));
  }
});

test('appending does not change the frontier that was there before', () => {
  const before = appendLeaves(EMPTY_FRONTIER, leaves.slice(0, 7));
  const copy = structuredClone(before);
  appendLeaves(before, leaves.slice(7, 9));
  assert.deepEqual(before, copy);
});

test('ranges hashed apart merge to the same frontier, wherever they were cut', () => {
  const cuts = fc
    .uniqueArray(fc.nat(300), { minLength: 0, maxLength: 6 })
    .map((cut) => [0, ...cut.sort((a, b) => a - b), 300]);
  fc.assert(
    fc.property(cuts, (at) => {
      const parts = at
        .slice(0, -1)
        .map((start, part) => appendLeaves(emptyRange(BigInt(start)), leaves.slice(start, at[part + 1])));
      const [first, ...rest] = parts;
      assert.deepEqual(rest.reduce(mergeRanges, first!), appendLeaves(EMPTY_FRONTIER, leaves));
      const from_right = parts.reduceRight((right, left) => mergeRanges(left, right));
      assert.deepEqual(from_right, appendLeaves(EMPTY_FRONTIER, leaves));
    }),
  );
});

test('ranges that do not touch, and leaves that are no hashes, are refused', () => {
  assertRefused('range_invalid', () => mergeRanges(emptyRange(0n), emptyRange(1n)));
  assertRefused('hash_invalid', () => appendLeaves(EMPTY_FRONTIER, [new Uint8Array(31)]));
  assertRefused('range_invalid', () => emptyRange(-1n));
});

test('a serialised frontier that was changed is refused or means what it says', () => {
  const valid = [0, 1, 7, 8, 255, 300].map((size) =>
    encodeFrontier(appendLeaves(EMPTY_FRONTIER, leaves.slice(0, size))),
  );
  assertParserHolds(valid, decodeFrontier, encodeFrontier);
});
