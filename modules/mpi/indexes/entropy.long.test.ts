import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isWeak, least_bits } from './entropy.ts';
import { measureOnCountry } from './testing-entropy.ts';

test('on a million generated persons every index and every block has the min-entropy that its definition states, at least 15 bits', () => {
  for (const { name, stated_bits, entries, largest, bits } of measureOnCountry({ seed: 1, persons: 1_000_000 })) {
    console.log(`${name}: ${entries} entries, largest ${largest}, ${bits.toFixed(1)} bits`);
    assert.ok(stated_bits >= least_bits, name);
    assert.ok(bits >= stated_bits, `${name}: ${bits.toFixed(1)} bits found, ${stated_bits} stated`);
    assert.equal(isWeak({ entries, largest }), false, name);
  }
});
