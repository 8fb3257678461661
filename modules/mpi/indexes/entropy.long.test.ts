import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  generateCountry,
  normaliseFamilyName,
  normaliseGivenName,
  normaliseName,
  normalisePatronymic,
} from '@zdravo/country-ua';
import type { Person } from '../contract.ts';
import { identityRules } from '../identity-rules.ts';
import { index_definitions } from './composites.ts';
import { isWeak } from './entropy.ts';

const rules = identityRules({
  normalise: normaliseName,
  identity_rules: { given_name: normaliseGivenName, family_name: normaliseFamilyName, patronymic: normalisePatronymic },
});

test('on a million generated persons every index has the min-entropy that its definition states, at least 15 bits', () => {
  const counts = index_definitions.map(() => new Map<string, number>());
  for (const { person } of generateCountry({ seed: 1, persons: 1_000_000 }).persons())
    index_definitions.forEach(({ composites }, at) => {
      for (const composite of composites(person as unknown as Person, rules)) {
        const key = composite.join(' ');
        counts[at]!.set(key, (counts[at]!.get(key) ?? 0) + 1);
      }
    });
  index_definitions.forEach(({ name, measured_bits }, at) => {
    let entries = 0;
    let largest = 0;
    for (const count of counts[at]!.values()) {
      entries += count;
      largest = Math.max(largest, count);
    }
    const bits = -Math.log2(largest / entries);
    assert.ok(bits >= measured_bits, `${name}: ${bits.toFixed(1)} bits found, ${measured_bits} stated`);
    assert.equal(isWeak({ entries, largest }), false, name);
    console.log(`${name}: ${entries} entries, largest ${largest}, ${bits.toFixed(1)} bits`);
  });
});
