import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  generateCountry,
  normaliseFamilyName,
  normaliseGivenName,
  normalisePatronymic,
  withDuplicates,
} from '@zdravo/country-ua';
import { createTableBuilder, evaluateClusters, keyedHash, linkRecords, tokensOf } from '@zdravo/linkage';
import type { Person } from '../contract.ts';
import { merge_probability } from './decide.ts';
import { comparable_fields, sketchValues } from './sketch-fields.ts';

const persons = 100_000;
const rules = { given_name: normaliseGivenName, family_name: normaliseFamilyName, patronymic: normalisePatronymic };
const hash = keyedHash(Buffer.from('a key of the test'));

/** Figures that a change may not lower by more than .001; the seed is not one that anything was tuned on. */
for (const seed of ['frozen']) {
  test(`100,000 generated persons (seed ${seed}), 4 % of them twice: F1, wrong pairs and auto-merges, on values and on tokens alone`, () => {
    const [values, tokens] = [measure('values', seed), measure('tokens', seed)];
    for (const [kind, { f1, wrong_pairs, auto_precision }] of Object.entries({ values, tokens })) {
      assert.ok(f1 >= 0.997, `${kind}: F1 ${f1}`);
      assert.ok(wrong_pairs <= 50, `${kind}: ${wrong_pairs} wrong pairs`);
      assert.ok(auto_precision >= 0.9995, `${kind}: auto-merge precision ${auto_precision}`);
    }
    assert.ok(Math.abs(values.f1 - tokens.f1) <= 0.002, `values ${values.f1}, tokens ${tokens.f1}`);
  });
}

function measure(kind: 'values' | 'tokens', seed: string) {
  const builder = createTableBuilder(comparable_fields, kind);
  const country = generateCountry({ seed, persons });
  for (const { record_id, truth_id, person } of withDuplicates(country.persons(0, persons), { seed, share: 0.04 })) {
    const values = sketchValues(person as unknown as Person, rules);
    const record = { id: record_id, truth: truth_id };
    if (kind === 'values') builder.addValues(record, values);
    else builder.addTokens(record, values.map(hashed));
  }
  const table = builder.build();
  const { clusterOf, pairs, scores } = linkRecords(table);
  const least = Math.log2(merge_probability / (1 - merge_probability));
  const sure = Array.from(scores.keys()).filter((pair) => scores[pair]! >= least);
  const right = sure.filter((pair) => table.truth![pairs.left[pair]!] === table.truth![pairs.right[pair]!]);
  return { ...evaluateClusters(clusterOf, table.truth!), auto_precision: right.length / sure.length };
}

const known = comparable_fields.map(() => new Map<string, Int32Array>());

/** Names, places and dates repeat. */
function hashed(value: string, field: number): Int32Array {
  const { type } = comparable_fields[field]!;
  const before = known[field]!.get(value);
  if (before) return before;
  const normalised = value === '' ? null : type.normalise(value);
  const tokens = normalised === null ? new Int32Array(0) : tokensOf(type, normalised, hash);
  known[field]!.set(value, tokens);
  return tokens;
}
