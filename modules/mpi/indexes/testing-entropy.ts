import {
  generateCountry,
  normaliseFamilyName,
  normaliseGivenName,
  normaliseName,
  normalisePatronymic,
} from '@zdravo/country-ua';
import type { Person } from '../contract.ts';
import { identityRules } from '../identity-rules.ts';
import { block_definitions, blockValues } from '../linkage/block-definitions.ts';
import { index_definitions } from './composites.ts';

export type MeasuredIndex = { name: string; stated_bits: number; entries: number; largest: number; bits: number };

const rules = identityRules({
  normalise: normaliseName,
  identity_rules: { given_name: normaliseGivenName, family_name: normaliseFamilyName, patronymic: normalisePatronymic },
});

type Counted = { name: string; measured_bits: number; composites: (person: Person) => readonly (readonly string[])[] };

/** All that a token of the index tells equality of: blind indexes, and the blocks by which persons are found for comparison. */
const counted: readonly Counted[] = [
  ...index_definitions.map(({ name, measured_bits, composites }) => ({
    name: `index ${name}`,
    measured_bits,
    composites: (person: Person) => composites(person, rules),
  })),
  ...block_definitions.map(({ name, measured_bits, composites }) => ({
    name: `block ${name}`,
    measured_bits,
    composites: (person: Person) =>
      composites(blockValues(person, rules)).filter((composite) => !composite.includes('')),
  })),
];

/** Min-entropy of every index and block on persons of the generated country, bits: −log2(share of the commonest value). */
export function measureOnCountry({ seed, persons }: { seed: number; persons: number }): MeasuredIndex[] {
  const counts = counted.map(() => new Map<string, number>());
  for (const { person } of generateCountry({ seed, persons }).persons())
    counted.forEach(({ composites }, at) => {
      for (const composite of composites(person as unknown as Person)) {
        const key = composite.join(' ');
        counts[at]!.set(key, (counts[at]!.get(key) ?? 0) + 1);
      }
    });
  return counted.map(({ name, measured_bits }, at) => {
    let [entries, largest] = [0, 0];
    for (const count of counts[at]!.values()) {
      entries += count;
      largest = Math.max(largest, count);
    }
    return { name, stated_bits: measured_bits, entries, largest, bits: -Math.log2(largest / entries) };
  });
}
